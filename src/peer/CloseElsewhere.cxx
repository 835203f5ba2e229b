#include "peer/CloseElsewhere.hxx"

#include <csignal>
#include <sys/prctl.h>
#include <unistd.h>

namespace peer {

void CloseElsewhere(sys::UniqueFd socket, util::BoundMethod<void(pid_t)> forked) noexcept {
    const pid_t caller = getpid();
    const pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == caller)
            pause();
        _exit(0);
    }
    if (pid < 0) {
        socket.Release();
        return;
    }
    socket.Close();
    kill(pid, SIGKILL); // a child that nobody has reaped yet
    if (forked)
        forked(pid);
}

} // namespace peer
