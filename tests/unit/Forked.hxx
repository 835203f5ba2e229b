#pragma once

#include "unit/Pipe.hxx"

#include <csignal>
#include <cstdio>
#include <doctest/doctest.h>
#include <functional>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/** In a function that runs in a forked process, where doctest does not count: returns 1 and says where. */
#define FORKED_CHECK(condition)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);           \
            return 1;                                                                              \
        }                                                                                          \
    } while (false)

namespace unit {

/** Runs the function in a process of its own, which may throw away its rights; its exit status. */
inline int InFork(const std::function<int()> &function) {
    std::fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0)
        _exit(function());
    int status = -1;
    waitpid(pid, &status, 0);
    return status;
}

/** A child that prepares itself and then waits to be ended with this object. */
class Forked {
public:
    explicit Forked(const std::function<void()> &prepare) {
        std::fflush(stdout);
        pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL); // where a change of ids does not clear it
            prepare();
            char byte = 'r';
            if (write(said.writer.Get(), &byte, 1) != 1)
                _exit(1);
            for (;;)
                pause();
        }
        said.writer.Close();
        char byte = 0;
        is_prepared = read(said.reader.Get(), &byte, 1) == 1;
    }

    ~Forked() { End(); }

    Forked(const Forked &) = delete;
    Forked &operator=(const Forked &) = delete;

    /** Afterwards nobody has its number. */
    void End() noexcept {
        if (!ended) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
        ended = true;
    }

    /** Somebody else has waited for it. */
    void Forget() noexcept { ended = true; }

    pid_t pid = -1;
    bool is_prepared = false;

private:
    bool ended = false;
    unit::Pipe said;
};

} // namespace unit
