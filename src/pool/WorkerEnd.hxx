#pragma once

#include "loop/Clock.hxx"
#include "pool/ExitStatus.hxx"
#include "spawn/StartChannel.hxx"

#include <optional>
#include <string>

namespace pool {

/** How a worker ended, or that it could not be started. */
struct WorkerEnd {
    loop::TimePoint when;
    loop::TimePoint::duration ready_for{0};
    ExitStatus status;
    std::optional<spawn::LaunchFailure> launch_failure; // in place of a status
    bool oom = false; // killed by the kernel's OOM killer
    bool not_ready = false; // it was not ready in time: no success, whatever the status
    bool stuck = false; // its process is still there: not even SIGKILL ends it
};

/** "exit status 1", "killed by SIGKILL", "not ready in time": why a slot needs a new worker. */
std::string Describe(const WorkerEnd &end);

} // namespace pool
