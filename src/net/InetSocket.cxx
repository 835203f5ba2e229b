#include "net/OpenFailure.hxx"
#include "net/OpenSocket.hxx"
#include "net/SocketOwner.hxx"
#include "net/SocketState.hxx"
#include "sys/File.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"

#include <cerrno>
#include <fmt/format.h>
#include <netinet/in.h>

namespace net {

namespace {

/** ip_unprivileged_port_start of ip-sysctl. */
std::uint64_t FirstUnprivilegedPort() {
    const auto text = sys::ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    return text ? util::ParseUnsigned(util::Trim(*text), 65536).value_or(1024) : 1024;
}

std::string ExplainBind(int error, const Address &address) {
    switch (error) {
    case EADDRINUSE:
        return "another program, or another clusterize, has that port";
    case EADDRNOTAVAIL:
        return "no interface of this machine has that address";
    case EACCES:
        return fmt::format("ports below {} need root or CAP_NET_BIND_SERVICE",
                           FirstUnprivilegedPort());
    case EINVAL:
        return address.Family() == AF_INET6
                   ? "a link-local address needs its interface: fe80::1%eth0"
                   : "";
    default:
        return "";
    }
}

void SetOption(const ListenSpec &spec, int fd, int level, int option, int value) {
    if (setsockopt(fd, level, option, &value, sizeof(value)) != 0)
        throw OpenFailure("cannot prepare a socket for", spec, errno, "");
}

bool Bind(const ListenSpec &spec, int fd, Place place) {
    SetOptions(sys::Fd(fd), spec.options);
    if (spec.at.address.Family() == AF_INET6)
        SetOption(spec, fd, IPPROTO_IPV6, IPV6_V6ONLY,
                  spec.at.both_families || spec.at.address.IsV4Mapped() ? 0 : 1);
    // For UDP SO_REUSEADDR would let a second launcher in.
    if (spec.at.type == SOCK_STREAM)
        SetOption(spec, fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (place == Place::JOINS)
        SetOption(spec, fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (bind(fd, spec.at.address.Get(), spec.at.address.Length()) != 0)
        return false;
    // Only now: the first one must find the address free, the others may join it.
    if (place == Place::FIRST)
        SetOption(spec, fd, SOL_SOCKET, SO_REUSEPORT, 1);
    return true;
}

sys::UniqueFd MakeSocket(const ListenSpec &spec) noexcept {
    const int flags = SOCK_CLOEXEC | (spec.nonblocking ? SOCK_NONBLOCK : 0);
    return {sys::AdoptTag(),
            socket(spec.at.address.Family(), spec.at.type | flags, spec.at.protocol)};
}

/** IPv6 is absent: compiled out, or switched off with net.ipv6.conf.all.disable_ipv6. */
bool IsAbsent(int error) noexcept {
    return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

[[noreturn]] void Refuse(const ListenSpec &spec, sys::Fd fd, int error) {
    if (!fd.IsDefined())
        throw OpenFailure("cannot make a socket for", spec, error, ExplainDescriptors(error));
    throw OpenFailure("cannot listen on", spec, error, ExplainBind(error, spec.at.address));
}

} // namespace

sys::UniqueFd BindInet(ListenSpec &spec, Place place) {
    const SocketOwner owner(spec);
    for (;;) {
        sys::UniqueFd fd = MakeSocket(spec);
        if (fd.IsDefined() && Bind(spec, fd.Get(), place)) {
            spec.at.address = Address::OfSocket(fd.Get());
            return fd;
        }
        const int error = errno;
        if (spec.origin == ListenSpec::Origin::ASKED && spec.at.both_families &&
            spec.at.address.Family() == AF_INET6 && IsAbsent(error)) {
            spec.at.address = Address::Any(AF_INET, spec.at.address.Port().value_or(0));
            spec.at.both_families = false;
            continue;
        }
        Refuse(spec, fd, error);
    }
}

sys::UniqueFd BindPlaceholder(const ListenSpec &spec, bool joins) {
    const SocketOwner owner(spec);
    sys::UniqueFd fd = MakeSocket(spec);
    if (!fd.IsDefined() || !Bind(spec, fd.Get(), joins ? Place::JOINS : Place::FIRST))
        Refuse(spec, fd, errno);
    return fd;
}

sys::UniqueFd OpenGuest(const ListenSpec &group) {
    ListenSpec spec = group;
    spec.at.protocol = 0;
    spec.backlog = 1;
    const SocketOwner owner(spec);
    sys::UniqueFd fd = MakeSocket(spec);
    if (!fd.IsDefined())
        Refuse(spec, fd, errno);
    SetDeaf(fd, true);
    if (!Bind(spec, fd.Get(), Place::JOINS))
        Refuse(spec, fd, errno);
    if (spec.at.type == SOCK_STREAM)
        Listen(fd, spec);
    return fd;
}

void Listen(sys::Fd socket, const ListenSpec &spec) {
    if (listen(socket.Get(), spec.backlog) != 0)
        throw OpenFailure("cannot listen on", spec, errno, ExplainBind(errno, spec.at.address));
}

} // namespace net
