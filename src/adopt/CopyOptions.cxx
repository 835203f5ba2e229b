#include "adopt/CopyOptions.hxx"

#include <array>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>

namespace adopt {

namespace {

struct Row {
    int level, name;
    bool doubled = false; // reads as twice what was set (socket(7), SO_RCVBUF)
};

constexpr std::array<Row, 35> ROWS = {{
    {SOL_SOCKET, SO_KEEPALIVE},
    {SOL_SOCKET, SO_LINGER},
    {SOL_SOCKET, SO_OOBINLINE},
    {SOL_SOCKET, SO_PRIORITY},
    {SOL_SOCKET, SO_MARK},
    {SOL_SOCKET, SO_RCVBUF, true},
    {SOL_SOCKET, SO_SNDBUF, true},
    {SOL_SOCKET, SO_RCVLOWAT},
    {SOL_SOCKET, SO_RCVTIMEO},
    {SOL_SOCKET, SO_SNDTIMEO},
    {SOL_SOCKET, SO_DONTROUTE},
    {SOL_SOCKET, SO_BINDTODEVICE},
    {SOL_SOCKET, SO_BUSY_POLL},
    {SOL_SOCKET, SO_MAX_PACING_RATE},
    {IPPROTO_IP, IP_TOS},
    {IPPROTO_IP, IP_TTL},
    {IPPROTO_IP, IP_FREEBIND},
    {IPPROTO_IP, IP_TRANSPARENT},
    {IPPROTO_IP, IP_MTU_DISCOVER},
    {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT},
    {IPPROTO_IPV6, IPV6_TCLASS},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    {IPPROTO_IPV6, IPV6_FREEBIND},
    {IPPROTO_IPV6, IPV6_TRANSPARENT},
    {IPPROTO_TCP, TCP_NODELAY},
    {IPPROTO_TCP, TCP_MAXSEG},
    {IPPROTO_TCP, TCP_KEEPIDLE},
    {IPPROTO_TCP, TCP_KEEPINTVL},
    {IPPROTO_TCP, TCP_KEEPCNT},
    {IPPROTO_TCP, TCP_SYNCNT},
    {IPPROTO_TCP, TCP_LINGER2},
    {IPPROTO_TCP, TCP_USER_TIMEOUT},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT},
    {IPPROTO_TCP, TCP_CONGESTION},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP},
}};

std::optional<std::string> Read(int fd, const Row &row) {
    std::array<char, 64> buffer = {};
    socklen_t length = buffer.size();
    if (getsockopt(fd, row.level, row.name, buffer.data(), &length) != 0)
        return std::nullopt;
    return std::string(buffer.data(), length);
}

/** What has to be set so that it reads like this. */
std::string ToSet(const Row &row, std::string value) {
    if (int number = 0; row.doubled && value.size() == sizeof(number)) {
        std::memcpy(&number, value.data(), sizeof(number));
        number /= 2;
        std::memcpy(value.data(), &number, sizeof(number));
    }
    return value;
}

} // namespace

std::vector<net::SocketOption> CopyOptions(sys::Fd socket, const SocketKind &kind) {
    std::vector<net::SocketOption> options;
    const sys::UniqueFd fresh(sys::AdoptTag(),
                              ::socket(kind.family, kind.type | SOCK_CLOEXEC, kind.protocol));
    if (!socket.IsDefined() || !fresh.IsDefined())
        return options;
    for (const Row &row : ROWS) {
        if (kind.family == AF_UNIX && row.level != SOL_SOCKET)
            continue;
        const auto value = Read(socket.Get(), row);
        if (value && value != Read(fresh.Get(), row))
            options.push_back({row.level, row.name, ToSet(row, *value)});
    }
    return options;
}

} // namespace adopt
