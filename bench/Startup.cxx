/**
 * How long commands take from start to end, one after the other in turns, so that what else goes on
 * in the machine meets all of them alike.
 *
 *     startup ROUNDS COMMAND [ARGUMENT…] [--- COMMAND [ARGUMENT…]]…
 *
 * One line a round: the microseconds of each command, in the order given. Each round begins with
 * the next command. A command that does not end with 0 ends everything.
 */

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <spawn.h>
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

double Run(char **argv, const posix_spawn_file_actions_t &actions) {
    const double start = Microseconds();
    pid_t pid = 0;
    if (const int error = posix_spawn(&pid, argv[0], &actions, nullptr, argv, environ))
        Fail(argv[0], std::strerror(error));
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
        Fail("usage", "startup ROUNDS COMMAND [ARGUMENT…] [--- COMMAND [ARGUMENT…]]…");

    std::vector<char **> commands = {argv + 2};
    for (int i = 2; i < argc; ++i)
        if (std::strcmp(argv[i], "---") == 0) {
            argv[i] = nullptr;
            commands.push_back(argv + i + 1);
        }

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd < 3; ++fd)
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);

    std::vector<double> times(commands.size());
    constexpr int WARM_UP = 10;
    for (int round = -WARM_UP; round < rounds; ++round) {
        for (size_t i = 0; i < commands.size(); ++i) {
            const size_t which = (i + static_cast<size_t>(round + WARM_UP)) % commands.size();
            times[which] = Run(commands[which], actions);
        }
        if (round < 0)
            continue;
        for (size_t i = 0; i < times.size(); ++i)
            std::printf("%s%.1f", i ? " " : "", times[i]);
        std::printf("\n");
    }
    return 0;
}
