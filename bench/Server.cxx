/**
 * A server that does as little as possible: one process, epoll, its process id for an answer. A connection is kept
 * unless the client asks for its end. Where LISTEN_FDS hands over a socket it serves that one, else it opens a socket
 * with SO_REUSEPORT for the port of its argument, as servers do that bring their own way to run N copies.
 *
 *     server PORT
 */

#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

std::string Reply(bool keeps) {
    const auto body = std::to_string(getpid()) + "\n";
    return std::string("HTTP/1.1 200 OK\r\n") + (keeps ? "" : "Connection: close\r\n") +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

[[noreturn]] void Fail(const char *what) {
    std::fprintf(stderr, "server: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

int OwnSocket(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
        Fail("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    if (bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address) < 0)
        Fail("bind");
    if (listen(fd, 4096) < 0)
        Fail("listen");
    return fd;
}

void Serve(int client) {
    static const std::string LAST = Reply(false), KEPT = Reply(true);
    // A request this small comes in one piece.
    char request[4096];
    const auto n = read(client, request, sizeof request);
    if (n > 0) {
        const bool last =
            std::string_view(request, static_cast<size_t>(n)).find("Connection: close") !=
            std::string_view::npos;
        const auto &reply = last ? LAST : KEPT;
        if (write(client, reply.data(), reply.size()) > 0 && !last)
            return;
    }
    close(client);
}

} // namespace

int main(int argc, char **argv) {
    const char *given = std::getenv("LISTEN_FDS");
    const int listener = given != nullptr ? 3 : OwnSocket(argc > 1 ? std::atoi(argv[1]) : 0);
    if (fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK) < 0)
        Fail("the socket");

    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = listener;
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0)
        Fail("epoll");

    for (;;) {
        epoll_event events[64];
        const int n = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < n; ++i) {
            if (events[i].data.fd != listener) {
                Serve(events[i].data.fd);
                continue;
            }
            const int client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
            if (client < 0)
                continue;
            event.events = EPOLLIN;
            event.data.fd = client;
            if (epoll_ctl(epoll, EPOLL_CTL_ADD, client, &event) < 0)
                Fail("epoll_ctl");
        }
    }
}
