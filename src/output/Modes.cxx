#include "output/Modes.hxx"
#include "util/Table.hxx"

namespace output {

constexpr std::array<ModeRow, 5> MODES = {{
    {"inherit", "the workers have the launcher's own (default)", Mode::INHERIT},
    {"prefix", "whole lines, each with the worker's id before it", Mode::PREFIX},
    {"events", "each line is an event of --events", Mode::EVENTS},
    {"null", "nothing of it is kept", Mode::NONE},
    {"FILE", "whole lines to the end of a file; {id} and {slot} expand", Mode::FILE},
}};

static_assert(util::NamesAreUnique(MODES));

OutputSpec ParseOutput(std::string_view text) {
    OutputSpec spec;
    const ModeRow *row = util::FindRow(MODES, text);
    spec.mode = row != nullptr ? row->mode : Mode::FILE;
    spec.path = text;
    return spec;
}

} // namespace output
