#pragma once

#include "loop/FdEvent.hxx"
#include "loop/TimerEvent.hxx"
#include "sys/Process.hxx"

#include <chrono>
#include <optional>

namespace launcher {

/** A cluster of the same user whose launcher was killed: its watcher is ending the rest of it,
 *  which may hold an address that this cluster wants. */
class Predecessor {
public:
    /** `loop` is borrowed. */
    Predecessor(loop::Loop &loop, util::BoundMethod<void()> on_gone) noexcept;

    /** If there is one, `on_gone` is called when nothing is left of it, or when the time is over.
     *  `patience` counts from the first call. False: there is none, or the time is over. */
    bool Await(std::chrono::milliseconds patience) noexcept;

    /** Nobody waits any more: `on_gone` is not called. */
    void Cancel() noexcept;

private:
    void OnEnd(std::uint32_t) noexcept { Finish(); }
    void Finish() noexcept;

    loop::Loop &loop;
    const util::BoundMethod<void()> on_gone;
    std::optional<loop::TimePoint> deadline;
    std::optional<sys::Process> vigil;
    loop::FdEvent ended; // the pidfd of `vigil`
    loop::TimerEvent timer;
};

} // namespace launcher
