#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace report {

enum class Level : std::uint8_t { ERROR, WARN, INFO, DEBUG };

struct LevelRow {
    std::string_view name, help;
    Level level;
};

/** What `--log-level` can name; each includes those above it. */
extern const std::array<LevelRow, 4> LEVELS;

/** "<3>" and so on: how journald reads it, see sd-daemon(3). */
std::string_view PriorityMark(Level level) noexcept;

} // namespace report
