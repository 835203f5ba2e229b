#pragma once

#include <array>
#include <csignal>
#include <optional>
#include <string_view>
#include <sys/types.h>

namespace pool {

/** The signal that a program takes for a request to end gracefully. */
struct StopSignalRow {
    std::string_view name; // one that ends with '*' stands for all that begin so
    int signo;
};

/** `--stop-signal auto`; all others are asked by TERM. */
inline constexpr std::array<StopSignalRow, 6> STOP_SIGNALS = {{
    {"nginx", SIGQUIT},
    {"php-fpm*", SIGQUIT},
    {"unicorn*", SIGQUIT},
    {"uwsgi*", SIGQUIT},
    {"apache2", SIGWINCH},
    {"httpd", SIGWINCH},
}};

/** nullopt: the program is not in the table. */
std::optional<int> FindStopSignal(std::string_view program) noexcept;

/** The signal that asks this process to end: by the name of the program it executes now, else
 *  `guess`; but TERM unless it handles that one, because another program may have the same name
 *  (httpd of busybox ignores WINCH). If /proc does not tell, it is `guess`. */
int StopSignalOf(pid_t pid, int guess = SIGTERM) noexcept;

} // namespace pool
