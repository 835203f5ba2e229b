#pragma once

#include "contract/Contracts.hxx"

#include <string_view>

namespace plan {

/** `--stop-signal auto`: what the program takes for a graceful stop, by the base name of the command;
 *  else what its contract says; else SIGTERM. */
int AutoStopSignal(std::string_view command, const contract::ContractList &contracts) noexcept;

} // namespace plan
