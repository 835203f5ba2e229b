#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace sys {

/** The whole content of a small file, such as those in /proc and /sys. nullopt with errno if it
 *  cannot be read; EFBIG if it has more than `most` bytes. */
std::optional<std::string> ReadFile(const std::string &path, std::size_t most = 4UL << 20);

} // namespace sys
