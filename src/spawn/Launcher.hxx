#pragma once

#include "spawn/LaunchSpec.hxx"
#include "sys/UniqueFd.hxx"

#include <string>
#include <variant>

namespace spawn {

/** A start that failed: in which step, with which errno. The process is gone. */
struct LaunchFailure {
    ExecStage stage;
    int error;
};

/** A process that executes its command; the caller reaps it (waitid(2)). */
struct Launched {
    pid_t pid;
    /** The listener of its filter (sys::SeccompNotify): whoever closes it makes the filter's calls fail with ENOSYS.
     *  Undefined without a filter, and where the kernel refused it; the worker runs then as if none was asked for. */
    sys::UniqueFd notify = {};
    /** Why it was refused: an errno of seccomp(2), EBUSY where another listener is there; EMFILE where no number was
     *  left for the listener. */
    int filter_error = 0;
};

/** Starts processes; the seam where tests put a fake. */
class Launcher {
public:
    virtual ~Launcher() = default;

    /** Returns when exec has succeeded or something has failed. The spec may be scribbled over. */
    virtual std::variant<Launched, LaunchFailure> Launch(LaunchSpec &spec) noexcept = 0;
};

/** "cannot execute 'nginx': not found in PATH": one line for people, with what to do about it. */
std::string Describe(const LaunchFailure &failure, const LaunchSpec &spec);

} // namespace spawn
