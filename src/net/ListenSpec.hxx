#pragma once

#include "net/Address.hxx"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace net {

/** What a listener is for the kernel: two listeners never have the same one. Port 0 is nobody's. */
struct Endpoint {
    int type = SOCK_STREAM; // or SOCK_DGRAM
    Address address;
    bool both_families =
        false; // an IPv6 wildcard that takes IPv4 as well; IPv4 alone where IPv6 is absent

    friend bool operator==(const Endpoint &, const Endpoint &) noexcept = default;
};

/** What a unix path's file is to look like; what is not given is as bind(2) makes it. */
struct UnixOptions {
    std::optional<unsigned> mode;
    std::optional<uid_t> user;
    std::optional<gid_t> group;
};

/** One address that was asked for, resolved. */
struct ListenSpec {
    enum class Source : std::uint8_t {
        OPENED, // `at` is bound and listened on
        INHERITED, // `descriptor` is such a socket already
    };

    std::string name; // for LISTEN_FDNAMES and {fd:NAME}; no ':' and no control characters. Empty:
        // DefaultName() of what was opened
    std::string text; // as the user wrote it, for messages
    Source source = Source::OPENED;
    Endpoint at;
    UnixOptions unix_options;
    int descriptor = -1;
    int backlog = 0;
    bool nonblocking =
        false; // O_NONBLOCK, which all workers of a socket share; not for inherited ones
};

/** "8000", "8000/udp", the last part of a unix path, an abstract name. */
std::string DefaultName(const Endpoint &endpoint);

} // namespace net
