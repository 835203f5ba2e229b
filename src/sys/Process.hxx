#pragma once

#include "sys/UniqueFd.hxx"

#include <cstdint>
#include <optional>
#include <sys/types.h>

namespace sys {

/** Everything that a Process owns and knows, as plain numbers: to be written down, and made
 *  again. */
struct ProcessState {
    pid_t pid = 0;

    /** See Process::Start(). */
    std::uint64_t start = 0;

    /** -1: the kernel has none. */
    int pidfd = -1;

    friend bool operator==(const ProcessState &, const ProcessState &) noexcept = default;
};

/** One process, whatever its number means later: the only thing that signals a process. It holds
 *  a pidfd, so no signal reaches another process that got the number afterwards.
 *
 *  Bare numbers are used only if there is no pidfd: the kernel has none (before Linux 5.3), a
 *  sandbox refuses them, or no descriptor is free. Then the start time is compared right before
 *  kill(2). If it is unknown as well (no /proc), the number alone counts. That is safe for a
 *  child that was not waited for, because its number stays taken: forget a Process before you
 *  wait for its child.
 *
 *  A Process costs a start no time: clone(2) makes the pidfd (CLONE_PIDFD), and the start time is
 *  read when somebody asks for it first. It works as any user; without the right to signal,
 *  the answer is EPERM. */
class Process {
public:
    /** No process. */
    Process() noexcept = default;

    /** A child that was not waited for yet, with the pidfd that clone(2) gave, or without. */
    explicit Process(pid_t _pid, UniqueFd _pidfd = {}) noexcept
        : pid(_pid), pidfd(std::move(_pidfd)) {}

    /** The process that has this number now; a zombie counts. With `start`: only if it began then.
     *  nullopt if there is none. */
    static std::optional<Process> Open(pid_t pid, std::optional<std::uint64_t> start = {}) noexcept;

    /** The same process again. It takes over the descriptor. */
    static Process Make(const ProcessState &state) noexcept;

    ProcessState Describe() const noexcept { return {pid, start, pidfd.Get()}; }

    explicit operator bool() const noexcept { return pid != 0; }
    pid_t Pid() const noexcept { return pid; }
    Fd Pidfd() const noexcept { return pidfd; } // undefined: see above

    /** Clock ticks between the boot and its begin, as in sys::ProcessStat: with the pid they name a
     *  process for ever. 0 if it cannot be read: there is no /proc, or the process is gone. */
    std::uint64_t Start() noexcept;

    /** 0, or an errno: ESRCH if it is gone (a zombie is not), EPERM. Signal 0 only looks. */
    int Signal(int signo) const noexcept;

    /** The same to its process group, which it must lead. Only for a child that was not waited
     *  for: its number, and so that of the group, is nobody else's until then. */
    int SignalGroup(int signo) const noexcept;

    /** It has not ended: a zombie has. */
    bool IsAlive() const noexcept;

    /** Waits for the end of a child and forgets it: for one that the caller has killed. */
    void Reap() noexcept;

    /** Is it the same process? Start times count if both are known. */
    friend bool operator==(const Process &one, const Process &other) noexcept {
        return one.pid == other.pid &&
               (one.start == other.start || one.start == 0 || other.start == 0);
    }

private:
    bool HasItsNumber() const noexcept;

    pid_t pid = 0;
    std::uint64_t start = 0;
    UniqueFd pidfd;
};

} // namespace sys
