#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sys {

/** "SIGTERM", "SIGRTMIN+3"; "SIG?" with the number for anything that is no signal. */
std::string SignalName(int signo);

/** TERM, SIGTERM, term, 15, RTMIN+3 … → the number; nullopt for anything else. */
std::optional<int> ParseSignal(std::string_view text) noexcept;

} // namespace sys
