#pragma once

#include <array>
#include <string_view>

namespace cli {

struct StatusRow {
    std::string_view name, help;
};

/** What the exit status can be, for --list statuses; main/ExitCode makes them. */
extern const std::array<StatusRow, 7> STATUSES;

} // namespace cli
