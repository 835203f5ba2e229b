#include "sys/RunElsewhere.hxx"
#include "sys/Process.hxx"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sys {

int RunElsewhere(const std::function<int()> &function,
                 std::chrono::milliseconds patience) noexcept {
    const pid_t pid = fork();
    if (pid < 0)
        return errno;
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(function());
    }
    const Process child(pid,
                        UniqueFd(AdoptTag(), static_cast<int>(syscall(SYS_pidfd_open, pid, 0))));
    pollfd end = {child.Pidfd().Get(), POLLIN, 0};
    // Before Linux 5.3 there is no pidfd: it waits until the child has ended.
    if (child.Pidfd().IsDefined() && poll(&end, 1, static_cast<int>(patience.count())) == 0) {
        static_cast<void>(child.Signal(SIGKILL)); // nobody has reaped it yet
        return ETIMEDOUT;
    }
    int status = 0;
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return EPIPE;
    return WEXITSTATUS(status);
}

} // namespace sys
