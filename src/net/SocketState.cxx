#include "net/SocketState.hxx"

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace net {

namespace {

bool IsPlacing(const SocketOption &option) noexcept {
    return (option.level == SOL_SOCKET &&
            (option.name == SO_REUSEADDR || option.name == SO_REUSEPORT)) ||
           (option.level == IPPROTO_IPV6 && option.name == IPV6_V6ONLY);
}

} // namespace

std::uint64_t InodeOf(sys::Fd socket) noexcept {
    struct stat status = {};
    return socket.IsDefined() && fstat(socket.Get(), &status) == 0 ? status.st_ino : 0;
}

bool IsListening(sys::Fd socket) noexcept {
    int listens = 0;
    socklen_t length = sizeof(listens);
    return socket.IsDefined() &&
           getsockopt(socket.Get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 &&
           listens != 0;
}

std::optional<Queue> QueueOf(sys::Fd socket) noexcept {
    // TCP_INFO waits for the lock of a socket that does not listen, and a worker may hold that.
    if (!IsListening(socket))
        return std::nullopt;
    tcp_info info = {};
    socklen_t length = sizeof(info);
    if (getsockopt(socket.Get(), IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
        info.tcpi_state != TCP_LISTEN)
        return std::nullopt;
    return Queue{info.tcpi_unacked, info.tcpi_sacked};
}

unsigned WaitingConnections(sys::Fd socket) noexcept {
    if (!IsListening(socket))
        return 0;
    if (const auto queue = QueueOf(socket))
        return queue->length;
    pollfd look = {socket.Get(), POLLIN, 0};
    return poll(&look, 1, 0) == 1 && (look.revents & POLLIN) != 0 ? 1 : 0;
}

bool IsShut(sys::Fd socket) noexcept {
    pollfd look = {socket.Get(), POLLRDHUP, 0};
    return socket.IsDefined() && poll(&look, 1, 0) == 1 &&
           (look.revents & (POLLRDHUP | POLLHUP)) != 0;
}

void SetNonblocking(sys::Fd socket, bool nonblocking) noexcept {
    const int flags = socket.IsDefined() ? fcntl(socket.Get(), F_GETFL) : -1;
    if (flags >= 0 && ((flags & O_NONBLOCK) != 0) != nonblocking)
        fcntl(socket.Get(), F_SETFL, flags ^ O_NONBLOCK);
}

void SetDeaf(sys::Fd socket, bool deaf) noexcept {
    sock_filter code = {BPF_RET | BPF_K, 0, 0, 0};
    const sock_fprog program = {1, &code};
    static_cast<void>(setsockopt(socket.Get(), SOL_SOCKET,
                                 deaf ? SO_ATTACH_FILTER : SO_DETACH_FILTER, &program,
                                 sizeof(program)));
}

void SetOptions(sys::Fd socket, std::span<const SocketOption> options) noexcept {
    for (const SocketOption &option : options)
        if (socket.IsDefined() && !IsPlacing(option))
            static_cast<void>(setsockopt(socket.Get(), option.level, option.name,
                                         option.value.data(),
                                         static_cast<socklen_t>(option.value.size())));
}

} // namespace net
