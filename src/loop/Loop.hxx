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

/** One epoll(7) set, timers and deferred calls; single-threaded. Event objects are members of their
 *  owner, borrow the loop, and leave it in their destructor. A handler may destroy any other event
 *  object, never its own owner: that is what DeferEvent is for.
 *
 *  Time in which the process was stopped counts for no timer if the stop was long (a second or
 *  more):
 *  - A stop during epoll_wait(2) interrupts it: the wait is skipped. A SIGCONT alone, which every
 *    process of the session may send, interrupts nothing as long as the owner of the loop blocks
 *    it.
 *  - A stop during a handler shows as a handler that took long while a SIGCONT is pending. Others
 *    can bring that about, so it is believed once a minute.
 *  - A wait that ends late without a sign, as after a freeze, is taken to have ended in time. */
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
    void SkipWait(bool interrupted, std::optional<TimePoint> waited_for) noexcept;
    void SkipRun() noexcept;
    void RunDeferred() noexcept;
    void RunTimers() noexcept;
    void RunReady() noexcept;
    void Forget(const FdEvent &event) noexcept;

    Clock &clock;
    /** The process waits for nothing from here to the next mark. */
    TimePoint mark;
    /** From then on a stop during a handler is believed again. */
    TimePoint credulous;
    sys::UniqueFd epoll;
    Timers timers;
    std::vector<DeferEvent *> deferred;
    std::vector<Ready> ready;
    bool broken = false;
};

} // namespace loop
