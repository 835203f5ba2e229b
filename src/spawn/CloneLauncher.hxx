#pragma once

#include "spawn/Launcher.hxx"
#include "sys/UniqueFd.hxx"

#include <array>

namespace spawn {

/** Starts with clone(CLONE_VM | CLONE_VFORK): no page table is copied, the launcher sleeps until exec,
 *  and a failure comes back through shared memory. */
class CloneLauncher final : public Launcher {
public:
    /** Calls prctl(PR_SET_CHILD_SUBREAPER): what workers leave behind becomes the launcher's child. */
    CloneLauncher() noexcept;

    std::variant<Launched, LaunchFailure> Launch(LaunchSpec &spec) noexcept override;

private:
    bool HasFilterSockets() noexcept;

    // The way of a filter's listener from the child; made with the first filter.
    sys::UniqueFd filter_receiver, filter_sender;
    alignas(16) std::array<char, 32 * 1024> stack;
};

} // namespace spawn
