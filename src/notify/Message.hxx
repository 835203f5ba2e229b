#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace notify {

/** What of a message is acted on, see sd_notify(3); everything else of it is nobody's affair
 *  here. */
struct Message {
    bool ready = false, stopping = false;
    std::optional<std::string_view> status, main_pid;
    std::optional<std::chrono::milliseconds> extend; // EXTEND_TIMEOUT_USEC, at most LONGEST
};

constexpr std::chrono::hours LONGEST{2400};

/** Lines of NAME=VALUE; of two with the same name the last one counts. The views borrow from
 *  `text`. */
Message ParseMessage(std::string_view text);

} // namespace notify
