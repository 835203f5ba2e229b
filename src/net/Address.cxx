#include "net/Address.hxx"
#include "net/ListenSpec.hxx"
#include "sys/Error.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <climits>
#include <cstring>
#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace net {

namespace {

constexpr std::size_t PATH_OFFSET = offsetof(sockaddr_un, sun_path);
constexpr std::size_t V4_OFFSET = 12; // where a v4-mapped address has the IPv4 one, RFC 4291

/** sockaddr_storage seen as one of its families; memcpy in place of aliasing. */
template <typename Specific> Specific As(const sockaddr_storage &storage) noexcept {
    Specific specific;
    std::memcpy(&specific, &storage, sizeof(specific));
    return specific;
}

template <typename Specific>
void Store(sockaddr_storage &storage, const Specific &specific) noexcept {
    std::memcpy(&storage, &specific, sizeof(specific));
}

} // namespace

Address Address::OfSocket(int fd) {
    Address address;
    address.length = sizeof(address.storage);
    if (getsockname(fd, reinterpret_cast<sockaddr *>(&address.storage), &address.length) != 0)
        throw sys::MakeErrno(fmt::format("cannot tell the address of descriptor {}", fd));
    address.length = std::min<socklen_t>(address.length, sizeof(address.storage));
    return address;
}

std::optional<Address> Address::FromLiteral(std::string_view host, unsigned port) {
    Address address;
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<std::uint16_t>(port));
    if (inet_pton(AF_INET, std::string(host).c_str(), &v4.sin_addr) == 1) {
        Store(address.storage, v4);
        address.length = sizeof(v4);
        return address;
    }
    const auto [literal, zone] = util::Cut(host, '%');
    sockaddr_in6 v6 = {};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<std::uint16_t>(port));
    if (inet_pton(AF_INET6, std::string(literal).c_str(), &v6.sin6_addr) != 1)
        return std::nullopt;
    if (literal.size() != host.size()) {
        const auto index = util::ParseUnsigned(zone, UINT_MAX);
        v6.sin6_scope_id =
            index ? static_cast<unsigned>(*index) : if_nametoindex(std::string(zone).c_str());
        if (v6.sin6_scope_id == 0)
            return std::nullopt;
    }
    Store(address.storage, v6);
    address.length = sizeof(v6);
    return address;
}

Address Address::Any(int family, unsigned port) noexcept {
    Address address;
    if (family == AF_INET) {
        sockaddr_in v4 = {};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(static_cast<std::uint16_t>(port));
        Store(address.storage, v4);
        address.length = sizeof(v4);
    } else {
        sockaddr_in6 v6 = {};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(static_cast<std::uint16_t>(port));
        Store(address.storage, v6);
        address.length = sizeof(v6);
    }
    return address;
}

std::optional<Address> Address::FromKernel(const sockaddr_storage &given, socklen_t length) {
    // inet_bind, inet6_bind, unix_validate_addr; an IPv6 address may end before its scope id (RFC 2133).
    constexpr socklen_t RFC2133_LENGTH = offsetof(sockaddr_in6, sin6_scope_id);
    Address address;
    if (given.ss_family == AF_INET && length >= sizeof(sockaddr_in)) {
        const auto from = As<sockaddr_in>(given);
        sockaddr_in v4 = {};
        v4.sin_family = AF_INET;
        v4.sin_port = from.sin_port;
        v4.sin_addr = from.sin_addr;
        Store(address.storage, v4);
        address.length = sizeof(v4);
        return address;
    }
    if (given.ss_family == AF_INET6 && length >= RFC2133_LENGTH) {
        const auto from = As<sockaddr_in6>(given);
        sockaddr_in6 v6 = {};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = from.sin6_port;
        v6.sin6_addr = from.sin6_addr;
        if (length >= sizeof(v6) && IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr))
            v6.sin6_scope_id = from.sin6_scope_id;
        Store(address.storage, v6);
        address.length = sizeof(v6);
        return address;
    }
    if (given.ss_family != AF_UNIX || length <= PATH_OFFSET || length > sizeof(sockaddr_un))
        return std::nullopt;
    const auto local = As<sockaddr_un>(given);
    const std::string_view bytes(local.sun_path, length - PATH_OFFSET);
    if (bytes[0] == '\0')
        return Unix(bytes.substr(1), true);
    const std::string_view path = bytes.substr(0, bytes.find('\0'));
    return path.size() <= MOST_PATH ? std::optional(Unix(path, false)) : std::nullopt;
}

Address Address::WithPort(unsigned port) const noexcept {
    Address address = *this;
    const auto number = htons(static_cast<std::uint16_t>(port));
    if (Family() == AF_INET) {
        auto v4 = As<sockaddr_in>(storage);
        v4.sin_port = number;
        Store(address.storage, v4);
    } else if (Family() == AF_INET6) {
        auto v6 = As<sockaddr_in6>(storage);
        v6.sin6_port = number;
        Store(address.storage, v6);
    }
    return address;
}

Address Address::Unix(std::string_view path, bool abstract) noexcept {
    Address address;
    sockaddr_un local = {};
    local.sun_family = AF_UNIX;
    const std::size_t start = abstract ? 1 : 0; // an abstract name begins with a NUL byte
    path = path.substr(0, MOST_PATH - start);
    std::copy(path.begin(), path.end(), local.sun_path + start);
    Store(address.storage, local);
    // The NUL behind a path counts, an abstract name has none.
    address.length = static_cast<socklen_t>(PATH_OFFSET + path.size() + 1);
    return address;
}

std::optional<unsigned> Address::Port() const noexcept {
    if (Family() == AF_INET)
        return ntohs(As<sockaddr_in>(storage).sin_port);
    if (Family() == AF_INET6)
        return ntohs(As<sockaddr_in6>(storage).sin6_port);
    return std::nullopt;
}

bool Address::IsWildcard() const noexcept {
    if (Family() == AF_INET)
        return As<sockaddr_in>(storage).sin_addr.s_addr == htonl(INADDR_ANY);
    const auto v6 = As<sockaddr_in6>(storage);
    return Family() == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr);
}

bool Address::IsV4Mapped() const noexcept {
    const auto v6 = As<sockaddr_in6>(storage);
    return Family() == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
}

Address Address::Mapped() const noexcept {
    const auto v4 = As<sockaddr_in>(storage);
    Address mapped = Any(AF_INET6, ntohs(v4.sin_port));
    auto v6 = As<sockaddr_in6>(mapped.storage);
    v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
    std::memcpy(v6.sin6_addr.s6_addr + V4_OFFSET, &v4.sin_addr, sizeof(v4.sin_addr));
    Store(mapped.storage, v6);
    return mapped;
}

Address Address::Unmapped() const noexcept {
    const auto v6 = As<sockaddr_in6>(storage);
    Address unmapped = Any(AF_INET, ntohs(v6.sin6_port));
    auto v4 = As<sockaddr_in>(unmapped.storage);
    std::memcpy(&v4.sin_addr, v6.sin6_addr.s6_addr + V4_OFFSET, sizeof(v4.sin_addr));
    Store(unmapped.storage, v4);
    return unmapped;
}

std::string Address::Host() const {
    std::array<char, INET6_ADDRSTRLEN> text = {};
    if (Family() == AF_INET) {
        const auto v4 = As<sockaddr_in>(storage);
        return inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    }
    if (Family() == AF_INET6) {
        const auto v6 = As<sockaddr_in6>(storage);
        std::string host = inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
        if (v6.sin6_scope_id != 0)
            host.append("%").append(std::to_string(v6.sin6_scope_id));
        return host;
    }
    if (Family() != AF_UNIX || length <= PATH_OFFSET)
        return "unnamed";
    const auto local = As<sockaddr_un>(storage);
    const std::string_view bytes(local.sun_path, length - PATH_OFFSET);
    if (bytes[0] == '\0')
        return fmt::format("@{}", bytes.substr(1));
    return std::string(bytes.substr(0, bytes.find('\0')));
}

std::string Address::ToString() const {
    const auto port = Port();
    if (!port)
        return Host();
    return Family() == AF_INET6 ? fmt::format("[{}]:{}", Host(), *port)
                                : fmt::format("{}:{}", Host(), *port);
}

std::string DefaultName(const Endpoint &endpoint) {
    if (const auto port = endpoint.address.Port())
        return fmt::format("{}{}", *port, endpoint.type == SOCK_DGRAM ? "/udp" : "");
    std::string name = endpoint.address.Host();
    name.erase(0, name.starts_with('@') ? 1 : name.rfind('/') + 1);
    // ':' separates the names in LISTEN_FDNAMES.
    for (char &c : name)
        if (c == ':' || static_cast<unsigned char>(c) < ' ')
            c = '_';
    return name;
}

bool operator==(const Address &a, const Address &b) noexcept {
    return a.length == b.length && std::memcmp(&a.storage, &b.storage, a.length) == 0;
}

} // namespace net
