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

std::string_view PriorityMark(Level level) noexcept {
    switch (level) {
    case Level::ERROR:
        return "<3>";
    case Level::WARN:
        return "<4>";
    case Level::INFO:
        return "<6>";
    case Level::DEBUG:
        return "<7>";
    }
    return "";
}

} // namespace report
