#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace util {

/** A decimal number of 0…max, digits only; nullopt for anything else. */
std::optional<std::uint64_t> ParseUnsigned(std::string_view text, std::uint64_t max) noexcept;

/** An octal file mode of at most 0777 ("660", "0660"); nullopt for anything else. */
std::optional<unsigned> ParseMode(std::string_view text) noexcept;

using Duration = std::chrono::milliseconds;

/** `500ms`, `8s`, `2m`, `1h`; a bare number is seconds; at most a hundred days. nullopt
 *  otherwise. */
std::optional<Duration> ParseDuration(std::string_view text) noexcept;

} // namespace util
