#pragma once

#include "loop/TimerEvent.hxx"
#include "pool/WorkerLife.hxx"

#include <chrono>
#include <optional>

namespace pool {

/** The one timer of a worker: it posts the trigger that was scheduled last. */
class WorkerTimer {
public:
    WorkerTimer(loop::Loop &_loop, util::BoundMethod<void(WorkerTrigger)> _on_due) noexcept
        : loop(_loop), on_due(_on_due), timer(_loop, util::Bind<&WorkerTimer::OnTimer>(*this)) {}

    /** For a launcher that takes this one's place. */
    struct Description {
        WorkerTrigger trigger = WorkerTrigger::LATE;

        /** As first scheduled. */
        loop::TimePoint first;

        /** Empty: it is not pending. */
        std::optional<loop::TimePoint> due;

        friend bool operator==(const Description &, const Description &) noexcept = default;
    };

    void Resume(const Description &made);
    Description Describe() const noexcept { return {trigger, first, timer.Due()}; }

    /** Replaces the trigger scheduled before. */
    void Schedule(WorkerTrigger _trigger, std::chrono::milliseconds delay);
    void Cancel() noexcept { timer.Cancel(); }

    /** At least this much time from now, and never before it was first scheduled. The end of one
     *  that is stuck is not delayed. */
    void Extend(std::chrono::milliseconds time);

private:
    void OnTimer() noexcept { on_due(trigger); }

    loop::Loop &loop;
    const util::BoundMethod<void(WorkerTrigger)> on_due;
    WorkerTrigger trigger = WorkerTrigger::LATE;
    loop::TimePoint first;
    loop::TimerEvent timer;
};

} // namespace pool
