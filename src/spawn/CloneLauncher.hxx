#pragma once

#include "spawn/Launcher.hxx"

namespace spawn {

/** Starts with fork, and does not wait for exec: a child that waits (for a directory on a server that
 *  does not answer, or because a process of its new user has stopped it) delays nothing else. The
 *  child has its own copy of the memory, because a process of the worker's user may not reach that
 *  of the launcher. */
class CloneLauncher final : public Launcher {
public:
    /** Calls prctl(PR_SET_CHILD_SUBREAPER): processes that workers leave behind become the launcher's
     *  children. */
    CloneLauncher() noexcept;

    std::variant<Forked, LaunchFailure> Launch(LaunchSpec &spec) noexcept override;
};

} // namespace spawn
