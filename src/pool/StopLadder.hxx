#pragma once

#include "loop/TimerEvent.hxx"
#include "pool/Commands.hxx"

#include <chrono>
#include <optional>

namespace pool {

/** `--stop-signal`, `--stop-timeout`, `--stop-delay`. */
struct StopSpec {
    int signo; // with `by_program` that of the command or of its contract
    std::chrono::milliseconds timeout, delay;
    bool by_program = false; // `auto`: see StopSignalOf()

    /** For Leftovers. */
    int OfLeftovers() const noexcept { return by_program ? 0 : signo; }
};

/** The rungs of a stop: after the delay the signal, after the timeout the kill. It keeps the
 *  times, and its owner acts. */
class StopLadder {
public:
    StopLadder(loop::Loop &_loop, const StopSpec &_spec, util::BoundMethod<void()> _on_signal,
               util::BoundMethod<void()> _on_kill) noexcept
        : loop(_loop), spec(_spec), on_signal(_on_signal), on_kill(_on_kill),
          delay_timer(_loop, _on_signal), kill_timer(_loop, util::Bind<&StopLadder::Kill>(*this)) {}

    /** Where it stands, for a launcher that takes this one's place. */
    struct Description {
        /** The first request; empty: there was none. */
        std::optional<loop::TimePoint> began;

        /** The rungs that are ahead. */
        std::optional<loop::TimePoint> signal, kill;
        bool over = false;

        friend bool operator==(const Description &, const Description &) noexcept = default;
    };

    /** Goes on from there: a rung whose time has passed meanwhile is due at once. */
    StopLadder(const Description &made, loop::Loop &_loop, const StopSpec &_spec,
               util::BoundMethod<void()> _on_signal, util::BoundMethod<void()> _on_kill);
    Description Describe() const noexcept {
        return {began, delay_timer.Due(), kill_timer.Due(), over};
    }

    bool IsClimbing() const noexcept { return began.has_value(); }

    /** The time for a voluntary end has passed. */
    bool IsOver() const noexcept { return over; }

    /** The first request begins. A later one can cut the delay short, or kill if it is
     *  impatient. */
    void Request(const StopRequest &request) noexcept;

    /** Is this one impatient, if the same asker made the first one? Two at once are one request. */
    bool IsImpatient(const StopRequest &request) const noexcept;

    /** The kill comes in `time` at the earliest, but never before the timeout. An impatient request
     *  still kills at once. */
    void Extend(std::chrono::milliseconds time) noexcept;

private:
    void Kill() noexcept;

    /** GNU timeout(1) sends two signals at once. */
    static constexpr std::chrono::seconds IMPATIENCE{1};

    loop::Loop &loop;
    const StopSpec spec;
    const util::BoundMethod<void()> on_signal, on_kill;
    loop::TimerEvent delay_timer, kill_timer;
    std::optional<loop::TimePoint> began;
    bool over = false;
};

} // namespace pool
