#pragma once

#include "loop/Clock.hxx"
#include "pool/ExitStatus.hxx"
#include "spawn/StartChannel.hxx"

#include <optional>
#include <string>
#include <vector>

namespace pool {

/** How a worker ended, or that it could not be started. */
struct WorkerEnd {
    loop::TimePoint when;

    /** When its command was executed. */
    loop::TimePoint since;

    loop::TimePoint::duration ready_for{0};
    ExitStatus status;

    /** In place of a status. */
    std::optional<spawn::LaunchFailure> launch_failure;

    /** Killed by the kernel's OOM killer. */
    bool oom = false;

    /** It was not ready in time: no success, whatever the status. */
    bool not_ready = false;

    /** Names of processes that it left and that were asked to end. */
    std::vector<std::string> left;

    /** Its process is still there: not even SIGKILL ends it. */
    bool stuck = false;

    friend bool operator==(const WorkerEnd &, const WorkerEnd &) noexcept = default;
};

/** "exit status 1", "killed by SIGKILL", "not ready in time": why a slot needs a new worker. */
std::string Describe(const WorkerEnd &end);

} // namespace pool
