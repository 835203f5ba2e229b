#pragma once

#include <optional>
#include <string>

namespace sys {

/** The whole content of a (small, /proc or /sys) file; nullopt where it cannot be read. */
std::optional<std::string> ReadFile(const std::string &path);

} // namespace sys
