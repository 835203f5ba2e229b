#pragma once

#include "pool/ExitStatus.hxx"
#include "spawn/StartChannel.hxx"

#include <optional>

namespace pool {

/** Why and how the cluster has ended, for the exit status. */
struct Outcome {
    enum class Kind {
        COMPLETED, // all have run to their end: jobs, or workers that are not replaced
        STOPPED, // somebody asked for it
        BOOT_FAILED, // a worker ended before one was ready
        GIVEN_UP, // every slot has failed
        ONE_FAILED, // a worker did, and that was to end the others
        LAUNCH_FAILED, // a worker could not be started
    } kind = Kind::COMPLETED;

    /** The first end that was not a success and counts: of a worker that is not replaced, in a
     *  stop, the boot failure, or the last one if all slots have failed. */
    std::optional<ExitStatus> failure;

    /** Counts before `failure`. */
    std::optional<spawn::LaunchFailure> launch_failure;

    /** A process is left that not even SIGKILL could end; counts before everything else. */
    bool stuck = false;
};

} // namespace pool
