#pragma once

#include "loop/TimerEvent.hxx"
#include "output/Drain.hxx"

#include <chrono>
#include <cstdint>

namespace output {

/** Waits at the end of the launcher until a reader has taken all lines that its drain keeps. */
class LastFlush {
public:
    /** Borrows both. `on_done` is called after Begin(), perhaps from within it. */
    LastFlush(loop::Loop &loop, Drain &drain, util::BoundMethod<void()> on_done) noexcept;

    /** Waits at most this long from now on. Takes the drain's OnFlushed() over. */
    void Begin(std::chrono::milliseconds patience) noexcept;

    /** Lines that nobody read in time. */
    std::uint64_t Lost() const noexcept { return lost; }

private:
    void GiveUp() noexcept;
    void OnFlushed(Drain &) noexcept;
    void Finish() noexcept;

    Drain &drain;
    const util::BoundMethod<void()> on_done;
    loop::TimerEvent timer;
    std::uint64_t lost = 0;
    bool waiting = false;
};

} // namespace output
