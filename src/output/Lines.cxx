#include "output/Lines.hxx"

#include <algorithm>

namespace output {

std::optional<Line> FirstLine(std::string_view text) noexcept {
    const auto end = text.substr(0, LONGEST_LINE + 1).find('\n');
    if (end != std::string_view::npos)
        return Line{text.substr(0, end), end + 1};
    if (text.size() > LONGEST_LINE)
        return Line{text.substr(0, LONGEST_LINE), LONGEST_LINE};
    return std::nullopt;
}

std::size_t CountLines(std::string_view text) noexcept {
    const auto ends = std::count(text.begin(), text.end(), '\n');
    return static_cast<std::size_t>(ends) + (text.empty() || text.back() == '\n' ? 0 : 1);
}

} // namespace output
