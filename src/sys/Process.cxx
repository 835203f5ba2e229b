#include "sys/Process.hxx"
#include "sys/Proc.hxx"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace sys {

namespace {

UniqueFd OpenPidfd(pid_t pid) noexcept {
    return {AdoptTag(), static_cast<int>(syscall(SYS_pidfd_open, pid, 0))};
}

int SendThroughPidfd(Fd pidfd, int signo) noexcept {
    return syscall(SYS_pidfd_send_signal, pidfd.Get(), signo, nullptr, 0) == 0 ? 0 : errno;
}

int Send(pid_t pid, int signo) noexcept {
    return kill(pid, signo) == 0 ? 0 : errno;
}

} // namespace

std::optional<Process> Process::Open(pid_t pid, std::optional<std::uint64_t> start) noexcept {
    if (pid <= 0)
        return std::nullopt;
    Process process(pid, OpenPidfd(pid));
    // EINVAL: the number of a thread.
    if (!process.pidfd.IsDefined() && (errno == ESRCH || errno == EINVAL || errno == ENOENT))
        return std::nullopt;
    if (process.Start() == 0) {
        const int error = process.Signal(0);
        if (error != 0 && error != EPERM)
            return std::nullopt;
    }
    if (start && process.start != *start)
        return std::nullopt;
    return process;
}

Process Process::Make(const ProcessState &state) noexcept {
    Process process(state.pid, Reclaim(state.pidfd));
    process.start = state.start;
    return process;
}

std::uint64_t Process::Start() noexcept {
    if (start != 0 || pid == 0 || !HasOwnProc())
        return start;
    const auto stat = ReadProcessStat(pid);
    // The pidfd comes first and is looked at again: it had the number all the time, so this
    // was read of it. EPERM says, too, that it is there.
    if (stat && (!pidfd.IsDefined() || SendThroughPidfd(pidfd, 0) != ESRCH))
        start = stat->start;
    return start;
}

/** Without a pidfd: is the process of that number still the same, as far as is known? */
bool Process::HasItsNumber() const noexcept {
    if (start == 0)
        return true;
    const auto stat = ReadProcessStat(pid);
    return stat && stat->start == start;
}

int Process::Signal(int signo) const noexcept {
    if (pid <= 0)
        return ESRCH;
    if (pidfd.IsDefined()) {
        const int error = SendThroughPidfd(pidfd, signo);
        // A sandbox may let the one pass and refuse the other. Missing rights are refused again.
        if (error != ENOSYS && error != EPERM)
            return error;
    }
    return HasItsNumber() ? Send(pid, signo) : ESRCH;
}

int Process::SignalGroup(int signo) const noexcept {
    return pid > 1 ? Send(-pid, signo) : ESRCH;
}

bool Process::IsAlive() const noexcept {
    if (pid <= 0)
        return false;
    if (pidfd.IsDefined()) {
        pollfd ended = {pidfd.Get(), POLLIN, 0};
        return poll(&ended, 1, 0) == 0;
    }
    siginfo_t info = {};
    if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        return info.si_pid == 0;
    if (!HasOwnProc())
        return Send(pid, 0) != ESRCH;
    const auto stat = ReadProcessStat(pid);
    return stat && stat->state != 'Z' && stat->state != 'X' && (start == 0 || stat->start == start);
}

void Process::Reap() noexcept {
    const pid_t child = std::exchange(pid, 0);
    while (child > 0 && waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    start = 0;
    pidfd.Close();
}

} // namespace sys
