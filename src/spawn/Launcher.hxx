#pragma once

#include "spawn/LaunchSpec.hxx"
#include "spawn/StartChannel.hxx"
#include "sys/UniqueFd.hxx"

#include <string>
#include <variant>

namespace spawn {

/** A process that is about to execute its command. The caller reaps it (waitid(2)). */
struct Forked {
    pid_t pid;
    sys::UniqueFd pidfd = {}; // undefined if the kernel has none (before Linux 5.2)
    StartChannel channel = {}; // says what becomes of the start
};

/** Starts processes; the seam for tests. */
class Launcher {
public:
    virtual ~Launcher() = default;

    /** Returns as soon as there is a process, and never waits for it; a LaunchFailure if there is
     *  none. The spec may be scribbled over; its memory is not needed afterwards, its descriptors
     *  neither. */
    virtual std::variant<Forked, LaunchFailure> Launch(LaunchSpec &spec) noexcept = 0;
};

/** "cannot execute 'nginx': not found in PATH": one line for people, with what to do about it. */
std::string Describe(const LaunchFailure &failure, const LaunchSpec &spec);

} // namespace spawn
