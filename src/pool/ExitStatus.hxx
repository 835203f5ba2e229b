#pragma once

#include <csignal>
#include <optional>

namespace pool {

/** How a process ended, see waitid(2). */
struct ExitStatus {
    /** By signal `number`; else it exited with status `number`. */
    bool killed = false;
    int number = 0;

    static ExitStatus From(const siginfo_t &info) noexcept {
        return {info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED, info.si_status};
    }

    friend bool operator==(const ExitStatus &, const ExitStatus &) noexcept = default;

    bool IsBy(int signo) const noexcept { return killed && number == signo; }
    bool IsSuccess() const noexcept { return !killed && number == 0; }

    /** As a shell tells it: 128+N for an end by signal N. */
    int Code() const noexcept { return killed ? 128 + number : number; }
};

} // namespace pool
