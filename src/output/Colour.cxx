#include "output/Colour.hxx"

#include <array>
#include <fmt/format.h>
#include <unistd.h>

namespace output {

namespace {

// cyan, yellow, green, magenta, blue; red looks like a failure.
constexpr std::array<unsigned, 5> COLOURS = {36, 33, 32, 35, 34};

} // namespace

bool AllowsColour(std::optional<std::string_view> no_color,
                  std::optional<std::string_view> term) noexcept {
    return no_color.value_or("").empty() && term != "dumb";
}

bool IsTerminal(sys::Fd fd) noexcept {
    return isatty(fd.Get()) != 0;
}

std::string MakePrefix(unsigned id, unsigned slot, bool coloured) {
    return coloured ? fmt::format("\x1b[{}m[{}]\x1b[0m ", COLOURS[slot % COLOURS.size()], id)
                    : fmt::format("[{}] ", id);
}

} // namespace output
