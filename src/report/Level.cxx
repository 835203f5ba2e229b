#include "report/Level.hxx"
#include "util/Table.hxx"

namespace report {

constexpr std::array<LevelRow, 4> LEVELS = {{
    {"error", "what ends the cluster or keeps a worker from starting", Level::ERROR},
    {"warn", "also what will probably be a problem (default for jobs)", Level::WARN},
    {"info", "also starts, ends and addresses (default for serving clusters)", Level::INFO},
    {"debug", "also what is of use when something does not work", Level::DEBUG},
}};

static_assert(util::NamesAreUnique(LEVELS));

} // namespace report
