#pragma once

#include "sys/UnixDatagram.hxx"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace plan {

/** The variables that sd_watchdog_enabled(3) reads, as they are. */
struct WatchdogVariables {
    std::optional<std::string> time; // WATCHDOG_USEC
    std::optional<std::string> pid; // WATCHDOG_PID
};

/** Who ends the launcher unless it sends a message within `patience` of the last one. */
struct Watchdog {
    sys::UnixAddress address;
    std::chrono::microseconds patience;
};

/** nullopt: nobody watches process `self`. A time that is no time gives a warning. */
std::optional<Watchdog> FindWatchdog(const WatchdogVariables &variables,
                                     const std::optional<std::string> &notify_socket, pid_t self,
                                     std::vector<std::string> &warnings);

} // namespace plan
