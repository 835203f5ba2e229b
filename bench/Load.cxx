/**
 * Asks an HTTP server on 127.0.0.1, with a connection each, until the requests or the time are
 * used up, and prints the requests per second and the requests that failed.
 *
 *     load PORT REQUESTS CONCURRENT SECONDS
 */

#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <netinet/in.h>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr char REQUEST[] = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

struct Client {
    bool asked = false, answered = false;
};

sockaddr_in address{};
int epoll = -1;
std::vector<Client> clients;

double Seconds() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

[[noreturn]] void Fail(const char *what) {
    std::fprintf(stderr, "load: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

void Connect() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0)
        Fail("socket");
    if (connect(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address) < 0 &&
        errno != EINPROGRESS)
        Fail("connect");
    if (clients.size() <= static_cast<size_t>(fd))
        clients.resize(static_cast<size_t>(fd) + 1);
    clients[static_cast<size_t>(fd)] = {};
    epoll_event event{};
    event.events = EPOLLOUT;
    event.data.fd = fd;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        Fail("epoll_ctl");
}

/** True when the connection is over. */
bool Step(int fd, Client &client) {
    if (!client.asked) {
        if (send(fd, REQUEST, sizeof REQUEST - 1, MSG_NOSIGNAL) != sizeof REQUEST - 1)
            return true;
        client.asked = true;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) < 0)
            Fail("epoll_ctl");
        return false;
    }
    char reply[4096];
    const auto n = read(fd, reply, sizeof reply);
    if (n < 0)
        return errno != EAGAIN;
    if (n == 0)
        return true;
    client.answered = client.answered || (n > 12 && std::memcmp(reply + 8, " 200", 4) == 0);
    return false;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: load PORT REQUESTS CONCURRENT SECONDS\n");
        return 2;
    }
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(std::atoi(argv[1])));
    const int requests = std::atoi(argv[2]), concurrent = std::atoi(argv[3]);
    const double limit = std::atof(argv[4]);
    epoll = epoll_create1(EPOLL_CLOEXEC);

    const double start = Seconds();
    int begun = 0, done = 0, failed = 0;
    while (begun < concurrent && begun < requests) {
        Connect();
        ++begun;
    }
    while (done < begun) {
        epoll_event events[64];
        const int n = epoll_wait(epoll, events, 64, 5000);
        if (n == 0) {
            failed += begun - done;
            break;
        }
        for (int i = 0; i < n; ++i) {
            const int fd = events[i].data.fd;
            auto &client = clients[static_cast<size_t>(fd)];
            if (!Step(fd, client))
                continue;
            failed += !client.answered;
            ++done;
            close(fd);
            if (begun < requests && Seconds() - start < limit) {
                Connect();
                ++begun;
            }
        }
    }
    std::printf("%.1f %d\n", done / (Seconds() - start), failed);
    return 0;
}
