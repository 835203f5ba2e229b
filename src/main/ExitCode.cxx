#include "main/ExitCode.hxx"

#include <cerrno>

namespace launcher {

namespace {

int FromLaunchFailure(const spawn::LaunchFailure &failure) noexcept {
    if (failure.stage != spawn::ExecStage::EXEC)
        return OWN_FAILURE;
    return failure.error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
}

int FromStatus(const pool::ExitStatus &status) noexcept {
    return status.killed ? 128 + status.number : status.number;
}

} // namespace

int ExitCode(const pool::Outcome &outcome) noexcept {
    if (outcome.kind == pool::Outcome::Kind::LAUNCH_FAILED && outcome.launch_failure)
        return FromLaunchFailure(*outcome.launch_failure);
    const int status = outcome.failure ? FromStatus(*outcome.failure) : 0;
    // A service that is gone is never a success.
    const bool gone = outcome.kind == pool::Outcome::Kind::BOOT_FAILED || outcome.kind == pool::Outcome::Kind::GIVEN_UP;
    return gone && status == 0 ? 1 : status;
}

} // namespace launcher
