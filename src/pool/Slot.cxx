#include "pool/Slot.hxx"
#include "sys/SignalNames.hxx"

#include <algorithm>
#include <cassert>
#include <fmt/format.h>

namespace pool {

std::string Describe(const LastEnd &end) {
    if (end.launch_failure)
        return "could not be started";
    if (end.not_ready)
        return "not ready in time";
    if (!end.status.killed)
        return fmt::format("exit status {}", end.status.number);
    return fmt::format("killed by {}{}", sys::SignalName(end.status.number),
                       end.oom ? ", out of memory" : "");
}

void Slot::Fire(Trigger trigger) noexcept {
    const Step &step = LIFECYCLE[pool::Index(state)][pool::Index(trigger)];
    assert(step.action != Action::IMPOSSIBLE);
    state = step.next;
    if (step.action != Action::NONE)
        owner.Perform(*this, step.action);
}

void Slot::Schedule(Trigger trigger, std::chrono::milliseconds delay) {
    due = trigger;
    due_at = loop.Now() + delay;
    timer.ScheduleAt(due_at);
}

void Slot::Postpone(std::chrono::milliseconds time) {
    if (IsScheduled())
        timer.ScheduleAt(std::max(due_at, loop.Now() + time));
}

} // namespace pool
