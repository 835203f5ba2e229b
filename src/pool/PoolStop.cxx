#include "pool/Leftovers.hxx"
#include "pool/Pool.hxx"
#include "sys/Proc.hxx"
#include "sys/SignalNames.hxx"

#include <algorithm>
#include <csignal>
#include <unistd.h>

// How the whole cluster stops: Pool::Stop to the end of the last process.

namespace pool {

void Pool::Stop(const StopRequest &request) noexcept {
    if (!ladder.IsClimbing()) {
        if (!by_pid.empty()) // else there is nothing to stop, and an error has said why
            reporter.Emit(report::Stop{
                request.reason,
                request.signo != 0 ? std::optional(sys::SignalName(request.signo)) : std::nullopt});
        if (outcome.kind == Outcome::Kind::COMPLETED)
            outcome.kind = Outcome::Kind::STOPPED;
        for (PoolObserver *observer : observers)
            observer->OnStop(request);
        start_event.Cancel();
        workers_have_signal = request.workers_have_it;
        for (Slot &slot : slots)
            slot.Fire(Trigger::STOP);
    }
    ladder.Request(request);
}

void Pool::OnStopSignal() noexcept {
    // Clients are refused as soon as the workers close their copies.
    table.LetGo();
    for (Slot &slot : slots)
        slot.Fire(Trigger::DRAINED);
}

void Pool::OnStopKill() noexcept {
    for (PoolObserver *observer : observers)
        observer->OnStopKill();
    for (Slot &slot : slots)
        slot.Fire(Trigger::TIME_OVER);
    if (finished_slots < slots.size())
        return;
    OnStrayTimer();
    FinishIfLast();
}

void Pool::SendStopSignal(Slot &slot) noexcept {
    if (!workers_have_signal)
        Send(slot, ladder.Signal());
}

void Pool::FinishIfLast() noexcept {
    if (finished_slots < slots.size())
        return;
    if (std::any_of(companions.begin(), companions.end(),
                    [](const auto &entry) { return entry.second.awaited; })) {
        for (PoolObserver *observer : observers)
            observer->OnAllGone();
        return;
    }
    // Children that no worker's end has brought to light, and PID 1's strangers.
    const auto strays =
        no_children ? std::vector<OldOrphan>()
                    : FindOrphans(spec.worker->run, [this](pid_t pid) { return IsKnown(pid); });
    if (strays.empty()) {
        stray_timer.Cancel();
        on_finished();
        return;
    }
    if (!stray_timer.IsPending() && !killing_strays) {
        for (const OldOrphan &stray : strays)
            kill(stray.pid, ladder.Signal());
        stray_timer.Schedule(LEFTOVER_PATIENCE);
    } else if (killing_strays) {
        for (const OldOrphan &stray : strays)
            kill(stray.pid, SIGKILL);
    }
}

void Pool::OnStrayTimer() noexcept {
    killing_strays = true;
    stray_timer.Cancel();
    for (const OldOrphan &stray :
         FindOrphans(spec.worker->run, [this](pid_t pid) { return IsKnown(pid); })) {
        for (const pid_t pid : sys::DescendantsOf(stray.pid))
            kill(pid, SIGKILL);
        kill(stray.pid, SIGKILL);
    }
}

} // namespace pool
