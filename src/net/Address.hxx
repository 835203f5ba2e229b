#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace net {

/** A socket address by value: IPv4, IPv6 or unix, see ip(7), ipv6(7), unix(7). */
class Address {
public:
    Address() = default;

    /** The local address of a bound socket. Throws std::system_error. */
    static Address OfSocket(int fd);

    /** An IP literal, with or without a zone ("fe80::1%eth0"); nullopt for anything else. */
    static std::optional<Address> FromLiteral(std::string_view host, unsigned port);
    static Address Any(int family, unsigned port) noexcept;

    /** What a program gave to bind(2): as the kernel understands it, without what it ignores. nullopt where it would
     *  refuse it, for other families, and for a unix address without a name, for which the kernel finds one. */
    static std::optional<Address> FromKernel(const sockaddr_storage &given, socklen_t length);

    /** The same with another port; unix addresses have none. */
    Address WithPort(unsigned port) const noexcept;

    /** `path` is at most MOST_PATH bytes; `abstract` names have no file. */
    static Address Unix(std::string_view path, bool abstract) noexcept;
    static constexpr std::size_t MOST_PATH = 107;

    int Family() const noexcept { return storage.ss_family; }
    const sockaddr *Get() const noexcept { return reinterpret_cast<const sockaddr *>(&storage); }
    socklen_t Length() const noexcept { return length; }

    /** nullopt for unix addresses. */
    std::optional<unsigned> Port() const noexcept;

    /** 0.0.0.0 or [::]. */
    bool IsWildcard() const noexcept;

    /** An IPv6 address that stands for an IPv4 one: [::ffff:127.0.0.1]. */
    bool IsV4Mapped() const noexcept;

    /** IPv4 as v4-mapped IPv6. */
    Address Mapped() const noexcept;

    /** v4-mapped IPv6 as IPv4. */
    Address Unmapped() const noexcept;

    /** "127.0.0.1", "::", "/run/x.sock", "@name". */
    std::string Host() const;

    /** "127.0.0.1:80", "[::]:80", "/run/x.sock". */
    std::string ToString() const;

    friend bool operator==(const Address &a, const Address &b) noexcept;

private:
    sockaddr_storage storage = {};
    socklen_t length = 0;
};

} // namespace net
