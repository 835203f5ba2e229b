#include "pool/Pool.hxx"

#include <fmt/format.h>

// How workers become ready, or not: Pool::AwaitReady to Pool::Extend.

namespace pool {

void Pool::AwaitReady(Slot &slot) noexcept {
    if (!serving)
        return;
    Ready(slot.worker, Sign::EXEC);
    if (slot.GetState() == State::STARTING && ready.Timeout().count() != 0)
        slot.Schedule(Trigger::NOT_READY, ready.Timeout());
}

/** Where this worker still is. */
Slot *Pool::Find(const WorkerRef &worker) noexcept {
    Slot &slot = slots[worker.slot];
    return slot.worker.id == worker.id ? &slot : nullptr;
}

void Pool::Ready(const WorkerRef &worker, Sign sign) noexcept {
    if (!serving)
        return;
    const bool accepted = ready.Accept(sign);
    Slot *slot = Find(worker);
    if (!accepted || slot == nullptr || slot->GetState() != State::STARTING)
        return;
    const WorkerRef &about = slot->worker;
    reporter.Emit(report::Ready{{{about.id, about.slot, about.generation, about.pid}},
                                SIGN_NAMES[static_cast<std::size_t>(sign)]});
    slot->Fire(Trigger::BECAME_READY);
}

bool Pool::IsStarting(const WorkerRef &worker) const noexcept {
    const Slot &slot = slots[worker.slot];
    return slot.worker.id == worker.id && slot.GetState() == State::STARTING;
}

void Pool::Activate(Slot &slot) noexcept {
    slot.Unschedule();
    was_ready = true;
    slot.ready_since = loop.Now();
    ready_slots++;
    table.Activate(slot.Index());
    if (ready_slots == slots.size() && !was_up) {
        was_up = true;
        reporter.Emit(report::Up{spec.slots, DescribeListeners(table)});
        for (PoolObserver *observer : observers)
            observer->OnUp();
    }
}

/** Its end counts as a failure, and is not one that was asked for: it is replaced. */
void Pool::Dismiss(Slot &slot) noexcept {
    slot.dismissed = true;
    const double seconds = std::chrono::duration<double>(ready.Timeout()).count();
    reporter.Emit(report::Error{"ready", 0,
                                fmt::format("worker {} (slot {}) was not ready within {} s",
                                            slot.worker.id, slot.Index(), seconds),
                                slot.worker.id, slot.Index()});
    Send(slot, ladder.Signal());
    slot.Schedule(Trigger::TIME_OVER, spec.stop.timeout);
}

void Pool::Stopping(const WorkerRef &worker) noexcept {
    if (const Slot *slot = Find(worker); slot != nullptr && slot->GetState() == State::READY)
        table.Deactivate(slot->Index());
}

void Pool::Extend(const WorkerRef &worker, std::chrono::milliseconds time) noexcept {
    Slot *slot = Find(worker);
    if (slot == nullptr || !HasWorker(slot->GetState()))
        return;
    slot->Postpone(time); // the time to be ready, or that to end when it was not
    ladder.Extend(time);
}

} // namespace pool
