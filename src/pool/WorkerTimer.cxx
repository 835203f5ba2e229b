#include "pool/WorkerTimer.hxx"

#include <algorithm>

namespace pool {

void WorkerTimer::Resume(const Description &made) {
    trigger = made.trigger;
    first = made.first;
    if (made.due)
        timer.ScheduleAt(*made.due);
    else
        timer.Cancel();
}

void WorkerTimer::Schedule(WorkerTrigger _trigger, std::chrono::milliseconds delay) {
    trigger = _trigger;
    first = loop.Now() + delay;
    timer.ScheduleAt(first);
}

void WorkerTimer::Extend(std::chrono::milliseconds time) {
    if (timer.IsPending() && trigger != WorkerTrigger::STUCK)
        timer.ScheduleAt(std::max(first, loop.Now() + time));
}

} // namespace pool
