#pragma once

#include "spawn/LaunchSpec.hxx"

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
