#include "sys/GroupWitness.hxx"
#include "sys/CloseFrom.hxx"
#include "sys/Error.hxx"
#include "sys/SignalState.hxx"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sys {

namespace {

[[noreturn]] void Witness(pid_t caller) noexcept {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != caller)
        _exit(1);
    prctl(PR_SET_NAME, "clusterize-hear");
    CloseFrom(0);
    if (chdir("/") != 0)
        _exit(1);
    for (;;)
        pause();
}

} // namespace

GroupWitness::GroupWitness() {
    const pid_t caller = getpid();
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    const pid_t pid = fork();
    if (pid == 0)
        Witness(caller);
    const int error = errno;
    sigprocmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0)
        throw MakeErrno(error, "fork");
    process = Process(pid, UniqueFd(AdoptTag(), static_cast<int>(syscall(SYS_pidfd_open, pid, 0))));
}

void GroupWitness::End(std::chrono::milliseconds patience) noexcept {
    process.Signal(SIGKILL);
    pollfd end = {process.Pidfd().Get(), POLLIN, 0};
    if (process.Pidfd().IsDefined())
        poll(&end, 1, static_cast<int>(patience.count()));
    waitpid(process.Pid(), nullptr, WNOHANG);
}

std::uint64_t GroupWitness::Pending() const noexcept {
    const auto state = ReadSignalState(process.Pid());
    return state ? state->pending : 0;
}

bool GroupWitness::Saw(int signo) const noexcept {
    return (Pending() >> (signo - 1) & 1) != 0;
}

} // namespace sys
