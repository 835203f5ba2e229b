#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace harness {

using Duration = std::chrono::milliseconds;
using TimePoint = std::chrono::steady_clock::time_point;

/** How long a test waits for anything: long, as sanitizer builds on a busy machine are slow. */
constexpr Duration PATIENCE{60'000};

/** Looks every few milliseconds until the condition holds; false when the time is over. */
[[nodiscard]] bool WaitFor(const std::function<bool()> &condition, Duration patience = PATIENCE);

/** Seconds since `since`. */
double SecondsSince(TimePoint since);

inline TimePoint Now() {
    return std::chrono::steady_clock::now();
}

} // namespace harness
