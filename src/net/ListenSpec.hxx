#pragma once

#include "net/Address.hxx"
#include "sys/ProcessIds.hxx"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace net {

/** What a listener is for the kernel: two listeners never have the same one. Port 0 is nobody's. */
struct Endpoint {
    int type = SOCK_STREAM; // or SOCK_DGRAM
    Address address;
    bool both_families =
        false; // an IPv6 wildcard that takes IPv4 as well; IPv4 alone where IPv6 is absent
    int protocol = 0; // socket(2)'s: 0 for TCP, UDP and unix, or IPPROTO_MPTCP

    friend bool operator==(const Endpoint &, const Endpoint &) noexcept = default;
};

/** What a unix path's file is to look like; what is not given is as bind(2) makes it. */
struct UnixOptions {
    std::optional<unsigned> mode;
    std::optional<uid_t> user;
    std::optional<gid_t> group;

    friend bool operator==(const UnixOptions &, const UnixOptions &) noexcept = default;
};

/** One setsockopt(2), with the bytes of its value. */
struct SocketOption {
    int level = 0, name = 0;
    std::string value;

    friend bool operator==(const SocketOption &, const SocketOption &) noexcept = default;
};

/** One address to listen on, resolved. */
struct ListenSpec {
    enum class Source : std::uint8_t {
        OPENED, // `at` is bound and listened on
        INHERITED, // `descriptor` is such a socket already
    };

    enum class Origin : std::uint8_t {
        ASKED, // by the user: all workers get it
        SIBLING, // an asked one in the other family, for workers that bind that
        ADOPTED, // bound by a worker: those get it that bind the same
    };

    std::string name; // for LISTEN_FDNAMES and {fd:NAME}; no ':' and no control characters. Empty:
        // DefaultName() of what was opened
    std::string text; // as the user wrote it, for messages
    Source source = Source::OPENED;
    Origin origin = Origin::ASKED;
    Endpoint at;
    bool any_port = false; // ListenerTable::Open: port 0 was asked for, and `at` has what was found
    UnixOptions unix_options;
    int descriptor = -1;
    int backlog = 0; // of an adopted unix socket below 0: the worker's own listen(2) is to reach it
    bool nonblocking =
        false; // O_NONBLOCK, which all workers of a socket share; not for inherited ones
    std::vector<SocketOption>
        options; // set on each new socket before bind(2) as far as the kernel takes them. What
    // decides who may have the address (SO_REUSEADDR, SO_REUSEPORT, IPV6_V6ONLY) is left out
    // Of an adopted listener: the caller whose bind(2) it answers. Its sockets get this uid, which
    // the kernel compares (SO_REUSEPORT); a unix path is bound with these ids, groups and umask.
    std::optional<sys::ProcessIds> as;
    bool beside = false; // of an adopted listener: others of its user that overlap are listened on,
        // and its first socket joins them (SO_REUSEPORT)
    std::string directory; // a relative path counts from here; /proc/PID/cwd is possible
    bool second_name = false; // an asked unix path is kept by a second name too, see HeldPath: for
        // workers that remove the file. Adopted ones always are

    friend bool operator==(const ListenSpec &, const ListenSpec &) noexcept = default;
};

/** "8000", "8000/udp", the last part of a unix path, an abstract name. */
std::string DefaultName(const Endpoint &endpoint);

} // namespace net
