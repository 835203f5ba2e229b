/**
 * A server as libsystemd's users write them: whatever sd_listen_fds_with_names() hands over is
 * served, and the answer is the id of this process. The first argument is the name that the first
 * socket must have. With a second one, "notify", it says through sd_notify() that it is ready, and
 * waits until that was taken note of; without NOTIFY_SOCKET it ends with 1. TERM ends it with 0.
 */

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

namespace {

[[noreturn]] void Fail(const char *what, int error) {
    std::fprintf(stderr, "%s: %s\n", what, std::strerror(error));
    std::exit(1);
}

void Serve(int client) {
    std::string head;
    char part[512];
    while (head.find("\r\n\r\n") == std::string::npos) {
        const auto n = read(client, part, sizeof(part));
        if (n <= 0)
            return;
        head.append(part, static_cast<size_t>(n));
    }
    const auto body = std::to_string(getpid()) + "\n";
    const auto reply =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
    (void)!write(client, reply.data(), reply.size());
}

} // namespace

int main(int argc, char **argv) {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGTERM, [](int) { _exit(0); });

    char **names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    if (count < 0)
        Fail("sd_listen_fds_with_names", -count);
    if (count != 1 || argc < 2 || std::strcmp(names[0], argv[1]) != 0) {
        std::fprintf(stderr, "%d sockets, the first is \"%s\"\n", count, count ? names[0] : "");
        return 1;
    }
    if (sd_is_socket(SD_LISTEN_FDS_START, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
        Fail("sd_is_socket", ENOTSOCK);
    if (std::getenv("LISTEN_FDS") != nullptr)
        Fail("LISTEN_FDS is still there", EINVAL);

    if (argc > 2) {
        const int said = sd_notifyf(0, "READY=1\nSTATUS=Serving as %s", argv[1]);
        if (said <= 0)
            Fail("sd_notify", said < 0 ? -said : ENOENT);
        if (const int taken = sd_notify_barrier(1, 30'000'000); taken < 0)
            Fail("sd_notify_barrier", -taken);
    }

    for (;;) {
        const int client = accept(SD_LISTEN_FDS_START, nullptr, nullptr);
        if (client < 0)
            continue;
        Serve(client);
        close(client);
    }
}
