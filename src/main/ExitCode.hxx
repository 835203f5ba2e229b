#pragma once

#include "pool/Outcome.hxx"

namespace launcher {

constexpr int OWN_FAILURE = 125;
constexpr int NOT_EXECUTABLE = 126;
constexpr int NOT_FOUND = 127;

/** The launcher's exit status for how the cluster ended; see cli/StatusTable. */
int ExitCode(const pool::Outcome &outcome) noexcept;

} // namespace launcher
