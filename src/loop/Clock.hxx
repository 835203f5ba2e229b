#pragma once

#include <chrono>

namespace loop {

using TimePoint = std::chrono::steady_clock::time_point;

/** The seam through which all timers see the time, so that minutes pass in a test in no time. */
class Clock {
public:
    virtual ~Clock() = default;
    virtual TimePoint Now() const noexcept = 0;
};

/** CLOCK_MONOTONIC */
class MonotonicClock final : public Clock {
public:
    TimePoint Now() const noexcept override { return std::chrono::steady_clock::now(); }
};

} // namespace loop
