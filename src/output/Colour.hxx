#pragma once

#include "sys/UniqueFd.hxx"

#include <optional>
#include <string>
#include <string_view>

namespace output {

/** Is nothing in the environment against colour? See no-color.org: any value but the empty one
 *  is. */
bool AllowsColour(std::optional<std::string_view> no_color,
                  std::optional<std::string_view> term) noexcept;

/** Is it a terminal? */
bool IsTerminal(sys::Fd fd) noexcept;

/** "[3] ", in the colour of the slot where that is asked for. */
std::string MakePrefix(unsigned id, unsigned slot, bool coloured);

} // namespace output
