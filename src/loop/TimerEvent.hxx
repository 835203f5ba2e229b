#pragma once

#include "loop/Loop.hxx"
#include "util/BoundMethod.hxx"

#include <chrono>
#include <optional>

namespace loop {

/** Calls once, at the given time or later. */
class TimerEvent {
public:
    TimerEvent(Loop &_loop, util::BoundMethod<void()> _callback) noexcept
        : loop(_loop), callback(_callback) {}
    ~TimerEvent() noexcept { Cancel(); }

    TimerEvent(const TimerEvent &) = delete;
    TimerEvent &operator=(const TimerEvent &) = delete;

    /** Replaces what was scheduled before. */
    void ScheduleAt(TimePoint due);
    void Schedule(std::chrono::milliseconds delay) { ScheduleAt(loop.Now() + delay); }
    void Cancel() noexcept;
    bool IsPending() const noexcept { return position.has_value(); }

    /** Empty: nothing is scheduled. */
    std::optional<TimePoint> Due() const noexcept {
        return position ? std::optional((*position)->first) : std::nullopt;
    }

private:
    friend class Loop;

    Loop &loop;
    const util::BoundMethod<void()> callback;
    std::optional<Timers::iterator> position;
};

} // namespace loop
