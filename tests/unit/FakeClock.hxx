#pragma once

#include "loop/Clock.hxx"

#include <chrono>

namespace unit {

/** Time passes only when a test says so. It does not begin at zero. */
class FakeClock final : public loop::Clock {
public:
    loop::TimePoint Now() const noexcept override { return now; }
    void Skip(loop::TimePoint::duration time) noexcept override { now -= time; }
    void Advance(std::chrono::nanoseconds time) noexcept { now += time; }

private:
    loop::TimePoint now{std::chrono::hours(1)};
};

} // namespace unit
