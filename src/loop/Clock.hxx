#pragma once

#include <chrono>

namespace loop {

using TimePoint = std::chrono::steady_clock::time_point;

/** The seam through which all timers see the time, so that minutes pass in a test in no time. */
class Clock {
public:
    virtual ~Clock() = default;
    virtual TimePoint Now() const noexcept = 0;

    /** Time that counts for no timeout, such as the launcher's own suspension. */
    virtual void Skip(TimePoint::duration time) noexcept = 0;
};

/** CLOCK_MONOTONIC, less the time that was skipped. A time of it is the same time in another
 *  process of this boot whose clock has skipped as much: deadlines can be passed on. */
class MonotonicClock final : public Clock {
public:
    explicit MonotonicClock(TimePoint::duration _skipped = {}) noexcept : skipped(_skipped) {}

    TimePoint::duration Skipped() const noexcept { return skipped; }

    TimePoint Now() const noexcept override { return std::chrono::steady_clock::now() - skipped; }

    void Skip(TimePoint::duration time) noexcept override { skipped += time; }

private:
    TimePoint::duration skipped;
};

} // namespace loop
