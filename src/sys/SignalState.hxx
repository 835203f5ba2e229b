#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace sys {

/** The effect of signals on a process, and the program it executes. */
struct SignalState {
    /** The program of the main thread: the base name of its file or script, at most 15 bytes; or
     *  the name it gave itself, see prctl(2), PR_SET_NAME. */
    std::string name;

    /** A bit for each signal, the lowest for signal 1. `blocked`: by the main thread. `pending`:
     *  for the process or its main thread. */
    std::uint64_t caught = 0, blocked = 0, pending = 0;

    /** It has a handler for it, or it blocks it as those do that read it with signalfd(2). One that
     *  waits in sigwait(3) does not show: the kernel unblocks the signal for that time. */
    bool Handles(int signo) const noexcept { return ((caught | blocked) & Bit(signo)) != 0; }

    bool IsPending(int signo) const noexcept { return (pending & Bit(signo)) != 0; }

    /** It has a handler for every signal there is, as Go's runtime has: that says nothing about a
     *  single one. */
    bool CatchesAll() const noexcept;

private:
    static std::uint64_t Bit(int signo) noexcept { return std::uint64_t(1) << (signo - 1); }
};

/** From /proc/PID/status, which needs no rights. The kernel writes it from its own data: it reads
 *  no memory of the process and takes no lock that a page fault holds (mmap_lock), so the event
 *  loop may do it. nullopt: no such process, or it is hidden (proc(5), hidepid). */
std::optional<SignalState> ReadSignalState(pid_t pid);

/** The base name of the file that the process executes, from /proc/PID/exe; of a script, that of
 *  its interpreter. Empty if it cannot be read: that needs the right to trace the process. It does
 *  not wait either. */
std::string ReadExecutable(pid_t pid);

/** Is the process in the process group of the caller? False if it is gone. */
bool IsInOwnGroup(pid_t pid) noexcept;

} // namespace sys
