/**
 * A server that handles one connection at a time: its process id for an answer, a request for `/slow` sleeps for 50 ms
 * first. It serves the socket that LISTEN_FDS hands over.
 */

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int main() {
    if (std::getenv("LISTEN_FDS") == nullptr) {
        std::fprintf(stderr, "serial: LISTEN_FDS is not set\n");
        return 2;
    }
    constexpr int LISTENER = 3;
    constexpr char SLOW[] = "GET /slow";
    constexpr timespec SLEEP = {0, 50'000'000};
    const auto body = std::to_string(getpid()) + "\n";
    const auto reply =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
    for (;;) {
        const int client = accept4(LISTENER, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            std::perror("serial: accept4");
            return 1;
        }
        // A request this small comes in one piece.
        char request[4096];
        if (read(client, request, sizeof request) > 0) {
            if (std::strncmp(request, SLOW, sizeof SLOW - 1) == 0)
                nanosleep(&SLEEP, nullptr);
            (void)!write(client, reply.data(), reply.size());
        }
        close(client);
    }
}
