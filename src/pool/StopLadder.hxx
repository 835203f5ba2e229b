#pragma once

#include "loop/TimerEvent.hxx"
#include "pool/Commands.hxx"

#include <chrono>

namespace pool {

/** `--stop-signal`, `--stop-timeout`, `--stop-delay`. */
struct StopSpec {
    int signo;
    std::chrono::milliseconds timeout, delay;
};

/** The rungs of a stop: after the delay the signal, after the timeout the kill. It keeps the times;
 *  what happens on a rung is the owner's. */
class StopLadder {
public:
    StopLadder(loop::Loop &_loop, const StopSpec &_spec, util::BoundMethod<void()> _on_signal,
               util::BoundMethod<void()> _on_kill) noexcept
        : loop(_loop), spec(_spec), on_signal(_on_signal), on_kill(_on_kill),
          delay_timer(_loop, _on_signal), kill_timer(_loop, util::Bind<&StopLadder::Kill>(*this)) {}

    bool IsClimbing() const noexcept { return climbing; }

    /** The time for a voluntary end has passed. */
    bool IsOver() const noexcept { return over; }
    int Signal() const noexcept { return spec.signo; }

    /** The first request begins. A later one can cut the delay short, or kill if it is impatient. */
    void Request(const StopRequest &request) noexcept;

    /** Is this one impatient, if the same asker made the first one? Two at once are one request. */
    bool IsImpatient(const StopRequest &request) const noexcept;

    /** The kill comes in `time` at the earliest, but never before the timeout. An impatient request
     *  still kills at once. */
    void Extend(std::chrono::milliseconds time) noexcept;

private:
    void Kill() noexcept;

    static constexpr std::chrono::seconds IMPATIENCE{1}; // GNU timeout(1) sends two signals at once

    loop::Loop &loop;
    const StopSpec spec;
    const util::BoundMethod<void()> on_signal, on_kill;
    loop::TimerEvent delay_timer, kill_timer;
    loop::TimePoint began;
    bool climbing = false, over = false;
};

} // namespace pool
