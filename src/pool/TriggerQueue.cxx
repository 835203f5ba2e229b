#include "pool/TriggerQueue.hxx"

namespace pool {

void TriggerQueue::Push(Target target, std::uint8_t trigger) noexcept {
    const Batch batch(*this);
    entries.push_back({target, trigger});
}

void TriggerQueue::Leave() noexcept {
    // The outermost one runs them; it stays counted meanwhile, so that no post runs within an
    // action.
    while (depth == 1 && !entries.empty()) {
        const Entry entry = entries.front();
        entries.pop_front();
        entry.target(entry.trigger);
    }
    depth--;
}

} // namespace pool
