#include "net/OpenFailure.hxx"
#include "net/OpenSocket.hxx"
#include "net/SocketState.hxx"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>

namespace net {

namespace {

int GetOption(const ListenSpec &spec, int level, int option) {
    int value = 0;
    socklen_t length = sizeof(value);
    if (getsockopt(spec.descriptor, level, option, &value, &length) != 0)
        throw OpenFailure("cannot serve", spec, errno,
                          errno == ENOTSOCK ? "that descriptor is no socket" : "");
    return value;
}

} // namespace

sys::UniqueFd TakeInherited(ListenSpec &spec) {
    if (fcntl(spec.descriptor, F_SETFD, FD_CLOEXEC) != 0)
        throw OpenFailure(
            "cannot serve", spec, errno,
            fmt::format("descriptor {} is not open; the launcher inherits it from what starts it",
                        spec.descriptor));
    spec.at.type = GetOption(spec, SOL_SOCKET, SO_TYPE);
    if (spec.at.type != SOCK_STREAM && spec.at.type != SOCK_DGRAM)
        throw OpenFailure("cannot serve", spec, ESOCKTNOSUPPORT,
                          "it is neither a stream nor a datagram socket");
    if (spec.at.type == SOCK_STREAM && GetOption(spec, SOL_SOCKET, SO_ACCEPTCONN) == 0)
        throw OpenFailure("cannot serve", spec, EINVAL, "that socket does not listen");
    spec.at.address = Address::OfSocket(spec.descriptor);
    spec.at.both_families = false;
    if (spec.at.address.Family() == AF_INET6)
        spec.at.both_families =
            GetOption(spec, IPPROTO_IPV6, IPV6_V6ONLY) == 0 && spec.at.address.Host() == "::";
    if (const auto queue = QueueOf(sys::Fd(spec.descriptor)))
        spec.backlog = static_cast<int>(queue->limit); // should it have to listen again
    return {sys::AdoptTag(), spec.descriptor};
}

} // namespace net
