#pragma once

#include "contract/Contracts.hxx"

#include <span>
#include <string>

namespace plan {

/** `--stop-signal auto`, as far as it is known before the start: what the program takes for a
 *  graceful stop, by the base name of the command, or what `bundle exec` is to execute; else what
 *  its contract says; else SIGTERM. */
int AutoStopSignal(std::span<const std::string> command,
                   const contract::ContractList &contracts) noexcept;

} // namespace plan
