#pragma once

#include "spawn/Launcher.hxx"

namespace spawn {

/** Starts with fork, and does not wait for exec: whatever holds a child up (a directory on a server that
 *  does not answer, a signal from another process of its new user) holds up nobody else. The child has
 *  its own copy of the memory, since a process of the worker's user may not reach the launcher's. */
class CloneLauncher final : public Launcher {
public:
    /** Calls prctl(PR_SET_CHILD_SUBREAPER): processes that workers leave behind become the launcher's
     *  children. */
    CloneLauncher() noexcept;

    std::variant<Forked, LaunchFailure> Launch(LaunchSpec &spec) noexcept override;
};

} // namespace spawn
