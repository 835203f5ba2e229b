#include "pool/SlotSet.hxx"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace pool {

void SlotSet::SetWanted(unsigned count) {
    wanted = count;
    for (auto index = static_cast<unsigned>(slots.size()); index < wanted; index++)
        slots.push_back(std::make_unique<Slot>(context, owner, index));
    // The youngest first: the others keep their numbers.
    for (auto index = static_cast<unsigned>(slots.size()); index-- > wanted;)
        if (!slots[index]->IsSurplus())
            slots[index]->Retire({StopRequest::Kind::GRACEFUL, "fewer workers are wanted"}, true);
}

void SlotSet::Tidy() {
    const auto is_over = [](const Slot &slot) {
        return slot.IsSurplus() && slot.State() == SlotState::FINISHED;
    };
    for (unsigned index = 0; index < wanted; index++)
        if (is_over(*slots[index]))
            slots[index] = std::make_unique<Slot>(context, owner, index);
    // One with a lower number waits for those above it, so that there is no gap.
    while (slots.size() > wanted && is_over(*slots.back()))
        slots.pop_back();
}

Slot *SlotSet::Find(unsigned index) const noexcept {
    return index < slots.size() ? slots[index].get() : nullptr;
}

Worker *SlotSet::Find(const WorkerRef &worker) const noexcept {
    const Slot *slot = Find(worker.slot);
    return slot != nullptr ? slot->Workers().Find(worker.id) : nullptr;
}

Slot *SlotSet::FirstIdle() const noexcept {
    const auto idle = std::find_if(slots.begin(), slots.end(), [](const auto &slot) {
        return slot->State() == SlotState::IDLE;
    });
    return idle != slots.end() ? idle->get() : nullptr;
}

bool SlotSet::AreReady() const noexcept {
    return std::all_of(slots.begin(), slots.begin() + wanted,
                       [](const auto &slot) { return slot->IsReady(); });
}

bool SlotSet::AreFinished() const noexcept {
    return std::all_of(slots.begin(), slots.end(),
                       [](const auto &slot) { return slot->State() == SlotState::FINISHED; });
}

bool SlotSet::HaveHope() const noexcept {
    return std::any_of(slots.begin(), slots.end(),
                       [](const auto &slot) { return slot->HasHope(); });
}

bool SlotSet::HaveProcesses() const noexcept {
    for (const auto &slot : slots)
        for (const Worker *worker : slot->Workers().All())
            if (HasProcess(worker->State()))
                return true;
    return false;
}

std::string SlotSet::DescribeHalf() const {
    std::size_t ready = 0, failed = 0;
    std::string names;
    for (unsigned index = 0; index < wanted; index++) {
        const Slot &slot = *slots[index];
        if (slot.IsReady()) {
            ready++;
        } else if (slot.HasFailed()) {
            failed++;
            names += fmt::format("{}{}", names.empty() ? "" : ", ", index);
        }
    }
    if (ready == 0 || failed == 0 || ready + failed != wanted)
        return {};
    return fmt::format("{} of {} slots {}; slot{} {} failed: {}", ready, wanted,
                       ready == 1 ? "serves" : "serve", failed == 1 ? "" : "s", names,
                       pool::Describe(LastFailed().LastEnd()));
}

const Slot &SlotSet::LastFailed() const noexcept {
    return **std::max_element(slots.begin(), slots.end(), [](const auto &one, const auto &other) {
        return std::pair(one->HasFailed(), one->LastEnd().when) <
               std::pair(other->HasFailed(), other->LastEnd().when);
    });
}

} // namespace pool
