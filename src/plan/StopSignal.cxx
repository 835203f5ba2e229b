#include "plan/StopSignal.hxx"

#include <array>
#include <csignal>

namespace plan {

namespace {

struct StopSignalRow {
    std::string_view name; // one that ends with '*' stands for all that begin so
    int signo;
};

constexpr std::array<StopSignalRow, 6> STOP_SIGNALS = {{
    {"nginx", SIGQUIT},
    {"php-fpm*", SIGQUIT},
    {"unicorn", SIGQUIT},
    {"uwsgi", SIGQUIT},
    {"apache2", SIGWINCH},
    {"httpd", SIGWINCH},
}};

bool Matches(std::string_view pattern, std::string_view name) noexcept {
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : name == pattern;
}

} // namespace

int AutoStopSignal(std::string_view command, const contract::ContractList &contracts) noexcept {
    const std::string_view name = command.substr(command.rfind('/') + 1);
    for (const StopSignalRow &row : STOP_SIGNALS)
        if (Matches(row.name, name))
            return row.signo;
    for (const contract::Contract *contract : contracts)
        if (contract->stop_signal != 0)
            return contract->stop_signal;
    return SIGTERM;
}

} // namespace plan
