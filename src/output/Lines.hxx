#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace output {

/** What is longer is cut, and each piece becomes a line of its own. */
constexpr std::size_t LONGEST_LINE = 64 * 1024;

struct Line {
    std::string_view text; // without the newline
    std::size_t used; // bytes from the beginning, newline included
};

/** The line that a text begins with; nullopt where its end has not come yet. */
std::optional<Line> FirstLine(std::string_view text) noexcept;

/** How many lines a text has, one without a newline at the end included. */
std::size_t CountLines(std::string_view text) noexcept;

} // namespace output
