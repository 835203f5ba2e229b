#include "pool/Slot.hxx"
#include "sys/SignalNames.hxx"

#include <cassert>
#include <fmt/format.h>

namespace pool {

std::string Describe(const LastEnd &end) {
    if (end.launch_failure)
        return "could not be started";
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
    timer.Schedule(delay);
}

} // namespace pool
