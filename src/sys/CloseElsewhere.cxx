#include "sys/CloseElsewhere.hxx"
#include "sys/Process.hxx"
#include "sys/RunElsewhere.hxx"

#include <csignal>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sys {

void CloseElsewhere(std::vector<UniqueFd> sockets, util::BoundMethod<void(pid_t)> forked) noexcept {
    if (sockets.empty())
        return;
    const pid_t caller = getpid();
    const pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == caller)
            pause();
        _exit(0);
    }
    if (pid < 0) {
        for (UniqueFd &socket : sockets)
            socket.Release();
        return;
    }
    sockets.clear();
    const Process child(pid,
                        UniqueFd(AdoptTag(), static_cast<int>(syscall(SYS_pidfd_open, pid, 0))));
    static_cast<void>(child.Signal(SIGKILL)); // nobody has reaped it yet
    pollfd end = {child.Pidfd().Get(), POLLIN, 0};
    if (child.Pidfd().IsDefined())
        poll(&end, 1, static_cast<int>(PATIENCE.count()));
    if (waitpid(pid, nullptr, WNOHANG) == 0 && forked)
        forked(pid);
}

} // namespace sys
