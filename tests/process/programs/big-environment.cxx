// Leaves an orphan in a session of its own whose environment is 512 MiB of untouched memory, and
// waits. The orphan says "declared".

#include "harness/Environ.hxx"

#include <cstdio>
#include <sys/wait.h>
#include <unistd.h>

int main() {
    const pid_t between = fork();
    if (between == 0) {
        if (fork() == 0) {
            setsid();
            harness::DeclareBigEnvironment();
            std::puts("declared");
            std::fflush(stdout);
            for (;;)
                pause();
        }
        _exit(0);
    }
    waitpid(between, nullptr, 0);
    for (;;)
        pause();
}
