#pragma once

#include "pool/Outcome.hxx"

namespace launcher {

constexpr int OWN_FAILURE = 125;
constexpr int NOT_EXECUTABLE = 126;
constexpr int NOT_FOUND = 127;

/** Of a command that could not be executed. */
int ExitCode(const spawn::LaunchFailure &failure) noexcept;

/** The launcher's exit status for how the cluster ended; see cli/StatusTable. */
int ExitCode(const pool::Outcome &outcome) noexcept;

} // namespace launcher
