#pragma once

#include "pool/Attribution.hxx"

namespace pool {

/** A signal that was sent to a whole process group: by the terminal, by somebody who signals the
 *  launcher's group, or by the launcher to that of a worker. */
struct GroupSignal {
    pid_t group;
    int signo;
    std::uint64_t when; // in the ticks of ProcessName: a process that began later has not got it

    /** Has this process got this signal by it? */
    bool Reached(const Orphan &process, int _signo) const noexcept {
        return process.group == group && _signo == signo && process.name.start <= when;
    }

    friend bool operator==(const GroupSignal &, const GroupSignal &) noexcept = default;
};

} // namespace pool
