#pragma once

#include "loop/Clock.hxx"
#include "sys/UniqueFd.hxx"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace loop {

class FdEvent;
class TimerEvent;
class DeferEvent;

/** The order in which descriptors that are ready in the same turn are served: what a worker said is
 *  read before its death is, and a request sees the state after both. */
enum class Priority : std::uint8_t { MESSAGES, SIGNALS, REQUESTS };

using Timers = std::multimap<TimePoint, TimerEvent *>;

/** One epoll(7) set, timers and deferred calls; single-threaded. Time in which the process was stopped counts
 *  for no timer: after a SIGCONT that the owner of the loop blocks, and after any other interruption, the time
 *  since the last turn is skipped; what comes LATE without such a sign, as after a freeze, is taken to have come
 *  in time. Event objects are members of their
 *  owner, borrow the loop, and leave it in their destructor. A handler may destroy any other event
 *  object, never its own owner: that is what DeferEvent is for. */
class Loop {
public:
    /** `clock` is borrowed. Throws std::system_error. */
    explicit Loop(Clock &clock);

    Loop(const Loop &) = delete;
    Loop &operator=(const Loop &) = delete;

    TimePoint Now() const noexcept { return clock.Now(); }

    /** Turns until Break() is called, from a handler or before. */
    void Run() noexcept;
    void Break() noexcept { broken = true; }

    enum class Wait : bool { NO, YES };

    /** One turn: deferred calls, then (after waiting for something where nothing is due and `wait`
     *  says so) descriptors by priority, then timers. */
    void Turn(Wait wait) noexcept;

private:
    friend class FdEvent;
    friend class TimerEvent;
    friend class DeferEvent;

    struct Ready {
        FdEvent *event;
        std::uint32_t events;
    };

    void Poll(Wait wait) noexcept;
    int TimeoutMilliseconds(Wait wait) const noexcept;
    void SkipStopped(bool interrupted, std::optional<TimePoint> waited_for) noexcept;
    void RunDeferred() noexcept;
    void RunTimers() noexcept;
    void RunReady() noexcept;
    void Forget(const FdEvent &event) noexcept;

    Clock &clock;
    TimePoint woke; // when the last turn began to do something
    sys::UniqueFd epoll;
    Timers timers;
    std::vector<DeferEvent *> deferred;
    std::vector<Ready> ready;
    bool broken = false;
};

} // namespace loop
