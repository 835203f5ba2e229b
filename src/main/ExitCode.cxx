#include "main/ExitCode.hxx"

#include <cerrno>

namespace launcher {

int ExitCode(const spawn::LaunchFailure &failure) noexcept {
    if (failure.stage != spawn::ExecStage::EXEC)
        return OWN_FAILURE;
    return failure.error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
}

int ExitCode(const pool::Outcome &outcome) noexcept {
    using Kind = pool::Outcome::Kind;
    if (outcome.stuck)
        return OWN_FAILURE;
    if (outcome.launch_failure)
        return ExitCode(*outcome.launch_failure);
    const int status = outcome.failure ? outcome.failure->Code() : 0;
    // A service that is gone is never a success, nor is a worker that was not ready in time.
    const bool gone = outcome.kind == Kind::BOOT_FAILED || outcome.kind == Kind::GIVEN_UP;
    return status == 0 && (gone || outcome.failure) ? 1 : status;
}

} // namespace launcher
