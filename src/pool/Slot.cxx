#include "pool/Slot.hxx"

#include <cassert>

namespace pool {

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
