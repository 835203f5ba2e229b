#include "harness/Net.hxx"

#include "harness/Errno.hxx"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <random>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace harness {

namespace {

struct Target {
    sockaddr_storage address{};
    socklen_t length = 0;
    int type = SOCK_STREAM;
};

Target UnixTarget(const std::string &path) {
    Target target;
    auto *un = reinterpret_cast<sockaddr_un *>(&target.address);
    un->sun_family = AF_UNIX;
    if (path.size() >= sizeof un->sun_path)
        throw std::invalid_argument("too long: " + path);
    std::memcpy(un->sun_path, path.data(), path.size());
    target.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    if (path[0] == '@')
        un->sun_path[0] = '\0';
    else
        ++target.length;
    return target;
}

Target Parse(std::string text) {
    if (text.compare(0, 5, "unix:") == 0)
        return UnixTarget(text.substr(5));
    Target target;
    if (text.compare(0, 4, "udp:") == 0) {
        target.type = SOCK_DGRAM;
        text.erase(0, 4);
    }
    const auto colon = text.rfind(':');
    if (colon == std::string::npos)
        throw std::invalid_argument("no port in " + text);
    const auto port = htons(static_cast<uint16_t>(std::atoi(text.c_str() + colon + 1)));
    std::string host = text.substr(0, colon);
    if (!host.empty() && host[0] == '[') {
        host = host.substr(1, host.size() - 2);
        auto *in6 = reinterpret_cast<sockaddr_in6 *>(&target.address);
        in6->sin6_family = AF_INET6;
        in6->sin6_port = port;
        if (inet_pton(AF_INET6, host.c_str(), &in6->sin6_addr) != 1)
            throw std::invalid_argument("bad address " + text);
        target.length = sizeof *in6;
    } else {
        auto *in = reinterpret_cast<sockaddr_in *>(&target.address);
        in->sin_family = AF_INET;
        in->sin_port = port;
        if (inet_pton(AF_INET, host.c_str(), &in->sin_addr) != 1)
            throw std::invalid_argument("bad address " + text);
        target.length = sizeof *in;
    }
    return target;
}

const sockaddr *Generic(const Target &target) {
    return reinterpret_cast<const sockaddr *>(&target.address);
}

Fd OpenSocket(const Target &target) {
    Fd fd(socket(target.address.ss_family, target.type | SOCK_CLOEXEC, 0));
    if (!fd.IsOpen())
        ThrowErrno("socket");
    return fd;
}

bool IsFree(const std::string &address) {
    const Target target = Parse(address);
    Fd fd(socket(target.address.ss_family, target.type | SOCK_CLOEXEC, 0));
    if (!fd.IsOpen())
        return errno == EAFNOSUPPORT;
    return bind(fd.Get(), Generic(target), target.length) == 0;
}

/** Waits until the descriptor is readable; false in time. */
bool IsReadable(int fd, Duration patience) {
    const auto end = Now() + patience;
    for (;;) {
        const auto left = std::chrono::duration_cast<Duration>(end - Now()).count();
        pollfd poll_fd{fd, POLLIN, 0};
        const int n = poll(&poll_fd, 1, left > 0 ? static_cast<int>(left) : 0);
        if (n > 0)
            return true;
        if (n == 0)
            return false;
        if (errno != EINTR)
            ThrowErrno("poll");
    }
}

} // namespace

Fd &Fd::operator=(Fd &&other) noexcept {
    if (this != &other) {
        Close();
        fd = other.Release();
    }
    return *this;
}

int Fd::Release() noexcept {
    const int released = fd;
    fd = -1;
    return released;
}

void Fd::Close() noexcept {
    if (fd >= 0)
        close(fd);
    fd = -1;
}

unsigned FreePort() {
    // The lock of a port is an abstract socket: it lasts as long as this process.
    static std::mt19937 random{std::random_device{}()};
    std::uniform_int_distribution<unsigned> any(20000, 32500);
    for (int tries = 0; tries < 1000; ++tries) {
        const unsigned port = any(random);
        const Target lock = Parse("unix:@clusterize-test-port-" + std::to_string(port));
        Fd fd = OpenSocket(lock);
        if (bind(fd.Get(), Generic(lock), lock.length) != 0)
            continue;
        const std::string number = std::to_string(port);
        if (IsFree("0.0.0.0:" + number) && IsFree("[::]:" + number) &&
            IsFree("udp:0.0.0.0:" + number) && IsFree("udp:[::]:" + number)) {
            (void)fd.Release();
            return port;
        }
    }
    throw std::runtime_error("no free port found");
}

Connection::Connection(const std::string &address) {
    const Target target = Parse(address);
    datagrams = target.type == SOCK_DGRAM;
    fd = OpenSocket(target);
    if (connect(fd.Get(), Generic(target), target.length) != 0)
        ThrowErrno("connect to " + address);
}

void Connection::Send(const std::string &text) {
    size_t sent = 0;
    do {
        const auto n = send(fd.Get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            ThrowErrno("send");
        }
        sent += static_cast<size_t>(n);
    } while (sent < text.size());
}

std::string Connection::Line(Duration patience) {
    const auto end = Now() + patience;
    for (;;) {
        const auto newline = buffer.find('\n');
        if (newline != std::string::npos) {
            std::string line = buffer.substr(0, newline);
            buffer.erase(0, newline + 1);
            return line;
        }
        const auto left = std::chrono::duration_cast<Duration>(end - Now());
        if (!IsReadable(fd.Get(), left))
            throw std::runtime_error("no reply in time; so far: " + buffer);
        char bytes[65536];
        const auto n = recv(fd.Get(), bytes, sizeof bytes, 0);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            ThrowErrno("recv");
        }
        if (n == 0 && !datagrams)
            throw std::runtime_error("closed without a reply; so far: " + buffer);
        buffer.append(bytes, static_cast<size_t>(n));
        if (datagrams && (buffer.empty() || buffer.back() != '\n'))
            buffer += '\n';
    }
}

std::string Connection::Rest(Duration patience) {
    const auto end = Now() + patience;
    for (;;) {
        const auto left = std::chrono::duration_cast<Duration>(end - Now());
        if (!IsReadable(fd.Get(), left))
            throw std::runtime_error("not closed in time; so far: " + buffer);
        char bytes[65536];
        const auto n = recv(fd.Get(), bytes, sizeof bytes, 0);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            ThrowErrno("recv");
        }
        if (n == 0)
            return std::exchange(buffer, {});
        buffer.append(bytes, static_cast<size_t>(n));
    }
}

std::string Connection::Ask(const std::string &line, Duration patience) {
    Send(datagrams ? line : line + "\n");
    return Line(patience);
}

bool Connection::IsQuiet(Duration time) {
    return buffer.empty() && !IsReadable(fd.Get(), time);
}

std::string Ask(const std::string &address, const std::string &line) {
    return Connection(address).Ask(line);
}

std::string AskUntilAnswered(const std::string &address, const std::string &line) {
    std::string answer;
    std::string error;
    const bool answered = WaitFor([&] {
        try {
            answer = Connection(address).Ask(line, Duration{2000});
            return true;
        } catch (const std::exception &e) {
            error = e.what();
            return false;
        }
    });
    if (!answered)
        throw std::runtime_error("no answer from " + address + ": " + error);
    return answer;
}

bool IsRefused(const std::string &address) {
    const Target target = Parse(address);
    const Fd fd = OpenSocket(target);
    if (connect(fd.Get(), Generic(target), target.length) == 0)
        return false;
    return errno == ECONNREFUSED || errno == ENOENT;
}

Fd ListenOn(const std::string &address, bool reuse_address) {
    const Target target = Parse(address);
    Fd fd = OpenSocket(target);
    const int one = 1;
    if (reuse_address && setsockopt(fd.Get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0)
        ThrowErrno("SO_REUSEADDR");
    if (bind(fd.Get(), Generic(target), target.length) != 0)
        ThrowErrno("bind " + address);
    if (target.type == SOCK_STREAM && listen(fd.Get(), 64) != 0)
        ThrowErrno("listen on " + address);
    return fd;
}

unsigned PortOf(int socket) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (getsockname(socket, reinterpret_cast<sockaddr *>(&address), &length) != 0)
        ThrowErrno("getsockname");
    if (address.ss_family == AF_INET6)
        return ntohs(reinterpret_cast<const sockaddr_in6 *>(&address)->sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in *>(&address)->sin_port);
}

HttpReply HttpGet(const std::string &address, const std::string &path) {
    Connection connection(address);
    connection.Send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const std::string text = connection.Rest();
    HttpReply reply;
    const auto blank = text.find("\r\n\r\n");
    reply.head = text.substr(0, blank);
    if (blank != std::string::npos)
        reply.body = text.substr(blank + 4);
    if (reply.head.compare(0, 5, "HTTP/") == 0) {
        const auto space = reply.head.find(' ');
        if (space != std::string::npos)
            reply.status = std::atoi(reply.head.c_str() + space);
    }
    return reply;
}

} // namespace harness
