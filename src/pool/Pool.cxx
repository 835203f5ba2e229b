#include "pool/Pool.hxx"
#include "pool/ListenerInfos.hxx"
#include "sys/SignalNames.hxx"

#include <algorithm>

namespace pool {

namespace {

/** Its current worker has ended, and no other one was started yet. */
bool HasEnded(const Slot &slot) noexcept {
    const Worker *current = slot.Workers().Current();
    return slot.State() == SlotState::FINISHED ||
           (current != nullptr && !HasProcess(current->State()));
}

} // namespace

Pool::Pool(loop::Loop &loop, report::Reporter &_reporter, net::ListenerTable &_table,
           Reaper &_reaper, Orphans &orphans, spawn::Launcher &launcher, const PoolSpec &_spec,
           unsigned seed, util::BoundMethod<void()> _on_finished)
    : reporter(_reporter), table(_table), reaper(_reaper), spec(_spec), on_finished(_on_finished),
      restart(_spec.restart, seed), verdict(_spec.restart, _spec.kill_others_on_fail),
      background(_reporter), start_event(loop, util::Bind<&Pool::Start>(*this)),
      starter(loop, launcher, _table, agents, oom,
              util::Bind<&loop::DeferEvent::Schedule>(start_event)),
      factory(context, spec.worker),
      ladder(loop, spec.stop, util::Bind<&net::ListenerTable::LetGo>(_table),
             util::Bind<&Pool::OnStopKill>(*this)),
      context{loop,    _reporter, _table,  triggers, agents,    starter,       _reaper,
              orphans, oom,       factory, restart,  spec.stop, spec.old_first},
      slots(context, *this),
      readiness(slots, _spec.ready, _spec.serving, util::Bind<&Pool::OnServed>(*this)),
      strays(loop, orphans, _reaper, util::Bind<&Pool::OnNothingLeft>(*this)),
      stray_timer(loop, util::Bind<&Leftovers::Kill>(strays)) {
    starter.SetWorkerCount(spec.slots);
    slots.SetWanted(spec.slots);
    reaper.Observe(*this);
}

void Pool::Start() noexcept {
    if (ladder.IsClimbing())
        return;
    slots.Tidy();
    Slot *idle = starter.HasRoom() ? slots.FirstIdle() : nullptr;
    if (idle == nullptr)
        return;
    idle->Run();
    if (slots.FirstIdle() != nullptr)
        start_event.Schedule();
}

void Pool::Scale(unsigned wanted) noexcept {
    if (ladder.IsClimbing() || wanted == 0)
        return;
    const TriggerQueue::Batch batch(triggers);
    starter.SetWorkerCount(wanted);
    for (PoolObserver *observer : observers)
        observer->OnScale(wanted);
    slots.SetWanted(wanted);
    start_event.Schedule();
    LookWhetherUp();
}

void Pool::Replace(unsigned slot, Replaced done) noexcept {
    Slot *found = ladder.IsClimbing() ? nullptr : slots.Find(slot);
    if (found == nullptr)
        return done(false);
    found->Replace(done);
}

void Pool::Relay(const RelayRequest &request) noexcept {
    for (const auto &slot : slots.All())
        for (Worker *worker : slot->Workers().All())
            worker->Signals().Relay(request);
}

void Pool::OnReady(Worker &) noexcept {
    verdict.OnReady();
    for (PoolObserver *observer : observers)
        observer->OnReady();
    LookWhetherUp();
}

void Pool::LookWhetherUp() noexcept {
    if (was_up)
        return;
    if (!slots.AreReady()) {
        const std::string half = half_was_said ? std::string() : slots.DescribeHalf();
        if (half.empty())
            return;
        half_was_said = true;
        return reporter.Say(report::Level::WARN, half);
    }
    was_up = true;
    reporter.Emit(report::Up{slots.Wanted(), DescribeListeners(table)});
    for (PoolObserver *observer : observers)
        observer->OnUp();
}

/** They were jobs so far. */
void Pool::OnServed() noexcept {
    if (on_serving)
        on_serving();
    // No worker was ready when these ended.
    std::vector<const WorkerEnd *> ended;
    for (const auto &slot : slots.All())
        if (HasEnded(*slot))
            ended.push_back(&slot->LastEnd());
    std::sort(ended.begin(), ended.end(),
              [](const auto *one, const auto *other) { return one->when < other->when; });
    for (const WorkerEnd *end : ended)
        if (const auto ending = verdict.OnEarlyEnd(*end))
            return EndBecause(*ending);
    readiness.BeginForAll();
}

// --- ends ------------------------------------------------------------------------------------

void Pool::OnReaped(const ReapResult &) noexcept {
    oom.Forget();
}

void Pool::OnEnded(const Slot &slot, const WorkerEnd &end) noexcept {
    // One of several slots that is not wanted any more decides nothing.
    if (slot.IsSurplus() && !ladder.IsClimbing())
        return;
    if (const auto ending = verdict.OnEnd(end, IsServing(), ladder.IsClimbing()))
        EndBecause(*ending);
}

void Pool::OnCleared(const Worker &worker) noexcept {
    if (background.OnCleared(worker.Ref(), *spec.worker, worker.End()) && !IsServing())
        verdict.OnBackground(worker.End());
}

bool Pool::Replaces(const WorkerEnd &end) const noexcept {
    return IsServing() && verdict.IsOpen() && spec.restart.Replaces(verdict.IsSuccess(end));
}

bool Pool::OnFailed() noexcept {
    if (slots.HaveHope()) {
        LookWhetherUp();
        return true;
    }
    EndBecause(verdict.OnGiveUp(slots.LastFailed().LastEnd()));
    return false;
}

void Pool::OnFinished() noexcept {
    if (slots.AreFinished())
        return FinishIfLast();
    // Others may have failed meanwhile, and it was the one that still served.
    if (verdict.IsOpen() && !slots.HaveHope())
        EndBecause(verdict.OnGiveUp(slots.LastFailed().LastEnd()));
    start_event.Schedule(); // a surplus slot is destroyed there
}

void Pool::EndBecause(const Ending &ending) noexcept {
    if (!ending.message.empty())
        reporter.Emit(report::Error{ending.stage, 0, std::string(ending.message), std::nullopt,
                                    std::nullopt});
    Stop({StopRequest::Kind::QUICK, ending.reason, 0, false});
}

// --- the stop --------------------------------------------------------------------------------

void Pool::Stop(const StopRequest &asked) noexcept {
    StopRequest request = asked;
    request.impatient = ladder.IsImpatient(asked);
    const TriggerQueue::Batch batch(triggers);
    if (!ladder.IsClimbing()) {
        // If all have ended by themselves, an error has said why. Slots that wait for their next
        // worker have not: somebody else wants the end.
        if (slots.HaveProcesses() || (request.signo != 0 && !slots.AreFinished()))
            reporter.Emit(report::Stop{
                request.reason,
                request.signo != 0 ? std::optional(sys::SignalName(request.signo)) : std::nullopt});
        verdict.OnStop();
        readiness.OnStop();
        for (PoolObserver *observer : observers)
            observer->OnStop(request);
        start_event.Cancel();
    }
    // The cluster's own ladder first: its sockets are closed before a worker gets the signal.
    ladder.Request(request);
    for (const auto &slot : slots.All())
        slot->Retire(request);
}

void Pool::OnStopKill() noexcept {
    for (PoolObserver *observer : observers)
        observer->OnStopKill();
    if (strays.IsActive())
        strays.Kill();
    else if (finished)
        on_finished();
}

/** The end, unless something is left that does not belong to a slot. */
void Pool::FinishIfLast() noexcept {
    if (!slots.AreFinished() || finished || strays.IsActive())
        return;
    if (std::any_of(observers.begin(), observers.end(),
                    [](const PoolObserver *observer) { return observer->HoldsUp(); })) {
        for (PoolObserver *observer : observers)
            observer->OnAllGone();
        return;
    }
    if (ladder.IsOver())
        strays.Kill();
    if (strays.BeginAll(spec.stop.OfLeftovers()))
        OnNothingLeft();
    else
        stray_timer.Schedule(Leftovers::PATIENCE);
}

void Pool::OnNothingLeft() noexcept {
    stray_timer.Cancel();
    finished = true;
    on_finished();
}

/** A companion may have held up the end. */
void Pool::OnDelivered(const ReapResult &result) noexcept {
    if (result.other_ended)
        FinishIfLast();
}

} // namespace pool
