#include "adopt/Modes.hxx"
#include "util/Table.hxx"

namespace adopt {

constexpr std::array<ModeRow, 4> MODES = {{
    {"auto", "TCP on a fixed port, unix sockets, and what -p and -l ask for (default)", Mode::AUTO},
    {"all", "also TCP on port 0: one free port for all workers", Mode::ALL},
    {"listed", "only what -p and -l ask for", Mode::LISTED},
    {"off", "nothing: what a worker binds is its own", Mode::OFF},
}};

static_assert(util::NamesAreUnique(MODES));

} // namespace adopt
