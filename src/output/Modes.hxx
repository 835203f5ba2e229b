#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace output {

enum class Mode : std::uint8_t { INHERIT, PREFIX, EVENTS, NONE, FILE };

struct ModeRow {
    std::string_view name, help;
    Mode mode;
};

/** What `--output` can name; anything else is a FILE. */
extern const std::array<ModeRow, 5> MODES;

/** `--output` */
struct OutputSpec {
    Mode mode = Mode::INHERIT;
    std::string source, path; // of a FILE: option or variable, for messages; with templates
    bool colour = false; // nothing in the environment is against it
    unsigned workers = 1;
    bool shared = false; // a --then command has the launcher's own, too
};

OutputSpec ParseOutput(std::string_view text);

} // namespace output
