#pragma once

#include "sys/Process.hxx"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <sys/types.h>

namespace sys {

/** A process in the caller's process group that blocks every signal and does nothing. A signal that
 *  was sent to the whole group is pending in it from then on; one that was sent to the caller alone
 *  is not. The kernel signals the members of a group in one go, the youngest first, so that the
 *  witness has a signal before the caller finds it.
 *
 *  It keeps no descriptor and dies with the caller (PR_SET_PDEATHSIG). Whoever reaps children must
 *  be told of Pid(). */
class GroupWitness {
public:
    /** Forks. Throws std::system_error. */
    GroupWitness();

    /** Kills it and does not wait for its end. */
    ~GroupWitness() noexcept { process.Signal(SIGKILL); }

    GroupWitness(const GroupWitness &) = delete;
    GroupWitness &operator=(const GroupWitness &) = delete;

    pid_t Pid() const noexcept { return process.Pid(); }

    /** Was this signal sent to the group since the witness is there? False without /proc. */
    bool Saw(int signo) const noexcept;

    /** All that Saw() is true for: a bit for each signal, the lowest for signal 1. */
    std::uint64_t Pending() const noexcept;

    /** Kills it, waits for its end this long at most, and reaps it: for a caller that ends. */
    void End(std::chrono::milliseconds patience) noexcept;

private:
    Process process;
};

} // namespace sys
