#include "plan/Watchdog.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"

#include <cstdint>
#include <fmt/format.h>

namespace plan {

namespace {

/** A year: longer times are no watchdog, and nothing overflows. */
constexpr std::uint64_t LONGEST = 366ULL * 24 * 3600 * 1'000'000;

} // namespace

std::optional<Watchdog> FindWatchdog(const WatchdogVariables &variables,
                                     const std::optional<std::string> &notify_socket, pid_t self,
                                     std::vector<std::string> &warnings) {
    if (!variables.time || variables.time->empty())
        return std::nullopt;
    if (variables.pid && *variables.pid != std::to_string(self))
        return std::nullopt;
    const auto time = util::ParseUnsigned(*variables.time, LONGEST);
    if (!time || *time == 0) {
        warnings.push_back(fmt::format("WATCHDOG_USEC={}: not a number of microseconds, ignored",
                                       util::Printable(*variables.time)));
        return std::nullopt;
    }
    const auto address = notify_socket ? sys::UnixAddress::Parse(*notify_socket) : std::nullopt;
    if (!address)
        return std::nullopt;
    return Watchdog{*address, std::chrono::microseconds(*time)};
}

} // namespace plan
