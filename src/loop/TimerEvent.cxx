#include "loop/TimerEvent.hxx"

namespace loop {

void TimerEvent::ScheduleAt(TimePoint due) {
    Cancel();
    position = loop.timers.emplace(due, this);
}

void TimerEvent::Cancel() noexcept {
    if (position)
        loop.timers.erase(*position);
    position.reset();
}

} // namespace loop
