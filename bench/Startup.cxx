/**
 * How long commands take from start to end, one after the other in turns, so that what else goes on
 * in the machine meets all of them alike.
 *
 *     startup ROUNDS [--answer PORT] COMMAND [ARGUMENT…] [--- COMMAND [ARGUMENT…]]…
 *
 * One line a round: the microseconds of each command, in the order given. Each round begins with
 * the next command. A command that does not end with 0 ends everything.
 *
 * With `--answer` until a server on that port of 127.0.0.1 has answered a request; SIGTERM ends it then.
 */

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

extern char **environ;

namespace {

double Microseconds() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

[[noreturn]] void Fail(const char *what, const char *problem) {
    std::fprintf(stderr, "startup: %s: %s\n", what, problem);
    std::exit(1);
}

/** One request. False where nobody listens yet. */
bool IsAnswered(int port) {
    constexpr char REQUEST[] = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // Reset at close: the next command finds the port free.
    const linger reset = {1, 0};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) < 0)
        Fail("socket", std::strerror(errno));
    char answer[64];
    const bool answered =
        connect(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0 &&
        write(fd, REQUEST, sizeof REQUEST - 1) > 0 && read(fd, answer, sizeof answer) > 0 &&
        std::strncmp(answer, "HTTP/1.1 200", 12) == 0;
    close(fd);
    return answered;
}

constexpr double PATIENCE = 30e6;
constexpr timespec PAUSE = {0, 50'000};

void AwaitAnswer(int port, double start) {
    while (!IsAnswered(port)) {
        if (Microseconds() > start + PATIENCE)
            Fail("a request", "is not answered");
        nanosleep(&PAUSE, nullptr);
    }
}

void End(pid_t pid) {
    kill(pid, SIGTERM);
    const double start = Microseconds();
    while (waitpid(pid, nullptr, WNOHANG) == 0) {
        if (Microseconds() > start + PATIENCE) {
            kill(pid, SIGKILL);
            Fail("SIGTERM", "ends nothing");
        }
        nanosleep(&PAUSE, nullptr);
    }
}

/** `port`: until it has answered there; 0: until it has ended. */
double Run(char **argv, const posix_spawn_file_actions_t &actions, int port) {
    const double start = Microseconds();
    pid_t pid = 0;
    if (const int error = posix_spawn(&pid, argv[0], &actions, nullptr, argv, environ))
        Fail(argv[0], std::strerror(error));
    if (port != 0) {
        AwaitAnswer(port, start);
        const double end = Microseconds();
        End(pid);
        return end - start;
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            Fail("waitpid", std::strerror(errno));
    const double end = Microseconds();
    if (status != 0)
        Fail(argv[0], "did not end with 0");
    return end - start;
}

} // namespace

int main(int argc, char **argv) {
    const int rounds = argc > 2 ? std::atoi(argv[1]) : 0;
    if (rounds < 1)
        Fail("usage",
             "startup ROUNDS [--answer PORT] COMMAND [ARGUMENT…] [--- COMMAND [ARGUMENT…]]…");
    const bool answer = argc > 4 && std::strcmp(argv[2], "--answer") == 0;
    const int port = answer ? std::atoi(argv[3]) : 0;
    const int first = answer ? 4 : 2;

    std::vector<char **> commands = {argv + first};
    for (int i = first; i < argc; ++i)
        if (std::strcmp(argv[i], "---") == 0) {
            argv[i] = nullptr;
            commands.push_back(argv + i + 1);
        }

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd < 3; ++fd)
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);

    std::vector<double> times(commands.size());
    const int warm_up = port != 0 ? 2 : 10;
    for (int round = -warm_up; round < rounds; ++round) {
        for (size_t i = 0; i < commands.size(); ++i) {
            const size_t which = (i + static_cast<size_t>(round + warm_up)) % commands.size();
            times[which] = Run(commands[which], actions, port);
        }
        if (round < 0)
            continue;
        for (size_t i = 0; i < times.size(); ++i)
            std::printf("%s%.1f", i ? " " : "", times[i]);
        std::printf("\n");
    }
    return 0;
}
