#include "pool/Slot.hxx"
#include "pool/WorkerFactory.hxx"

#include <cassert>
#include <cerrno>
#include <utility>

namespace pool {

Slot::Slot(const Context &_context, SlotOwner &_owner, unsigned _index) noexcept
    : context(_context), owner(_owner), index(_index), workers(_context.loop),
      timer(_context.loop, util::Bind<&Slot::Run>(*this)) {}

Slot::Slot(const Description &made, const Context &_context, SlotOwner &_owner)
    : context(_context), owner(_owner), index(made.index), state(made.state), seat(made.seat),
      workers(made.workers, _context, *this), is_surplus(made.is_surplus), last(made.last),
      history(made.history), next(made.next), timer(_context.loop, util::Bind<&Slot::Run>(*this)) {
    if (made.due)
        timer.ScheduleAt(*made.due);
}

Slot::Description Slot::Describe() const {
    return {index, state, seat, workers.Describe(), is_surplus, last, history, next, timer.Due()};
}

void Slot::Post(SlotTrigger trigger) noexcept {
    context.triggers.Post<&Slot::OnTrigger>(*this, trigger);
}

void Slot::OnTrigger(std::uint8_t trigger) noexcept {
    const auto &step = SLOT_LIFE.At(state, static_cast<SlotTrigger>(trigger));
    assert(step.action != SlotAction::IMPOSSIBLE);
    state = step.next;
    switch (step.action) {
    case SlotAction::NONE:
    case SlotAction::IMPOSSIBLE:
        return;
    case SlotAction::START:
        return Start();
    case SlotAction::START_SUCCESSOR:
        return StartSuccessor();
    case SlotAction::LEAVE_FIRST:
        return LeaveFirst();
    case SlotAction::SWAP:
        return Swap();
    case SlotAction::KEEP:
        return Tell(false);
    case SlotAction::SCHEDULE:
        return ScheduleNext();
    case SlotAction::FAIL:
        return Fail();
    case SlotAction::LEAVE:
        return LeaveAll();
    case SlotAction::FINISH:
        return Finish();
    }
}

// --- who is here -----------------------------------------------------------------------------

bool Slot::IsReady() const noexcept {
    const Worker *current = workers.Current();
    return current != nullptr && current->State() == WorkerState::READY;
}

bool Slot::HasHope() const noexcept {
    const Worker *current = workers.Current();
    const bool comes_back = current != nullptr && current->State() == WorkerState::CLEARING &&
                            RestartPolicy::Served(current->End().ready_for);
    return state != SlotState::FINISHED && (!history.failed || IsReady() || comes_back);
}

// --- starting and replacing ------------------------------------------------------------------

void Slot::Start() noexcept {
    timer.Cancel();
    std::unique_ptr<Worker> worker = context.factory.Make(*this, index, seat);
    if (!worker) {
        last = {};
        last.when = context.loop.Now();
        last.launch_failure = spawn::LaunchFailure{spawn::ExecStage::DESCRIPTORS, EMFILE};
        owner.OnEnded(*this, last);
        Tell(false);
        return Decide();
    }
    seat = worker->Ref().seat;
    workers.SetCurrent(std::move(worker));
    workers.Current()->Start();
    Tell(true); // if it was to be replaced
}

void Slot::Replace(Replaced done) noexcept {
    const bool waits = state == SlotState::BACKOFF || state == SlotState::FAILED;
    if (state == SlotState::RUNNING)
        on_replaced = done;
    else
        done(waits);
    const bool both = !context.old_first && context.table.HasSeat();
    Post(both ? SlotTrigger::REPLACE : SlotTrigger::RENEW);
}

void Slot::StartSuccessor() noexcept {
    std::unique_ptr<Worker> worker = context.factory.Make(*this, index, std::nullopt);
    if (!worker)
        return Post(SlotTrigger::SUCCESSOR_LOST);
    workers.SetSuccessor(std::move(worker));
    workers.Successor()->Start();
}

/** Other slots go on meanwhile. The next worker starts when nothing is left of this one. */
void Slot::LeaveFirst() noexcept {
    Worker &current = *workers.Current();
    context.orphans.Remember(current.Ref());
    current.Withdraw();
    current.Leave({StopRequest::Kind::GRACEFUL, "replaced"});
}

/** The successor takes over: it is ready, or the current worker is gone already. */
void Slot::Swap() noexcept {
    if (Worker *old = workers.Swap()) {
        context.orphans.Remember(old->Ref());
        old->Withdraw();
        old->Leave({StopRequest::Kind::GRACEFUL, "replaced"});
    } else if (seat) {
        context.table.ParkSeat(*seat);
    }
    seat = workers.Current()->Ref().seat;
    const bool alive = HasProcess(workers.Current()->State());
    if (!alive) { // it has ended, too, and nobody was told
        last = workers.Current()->End();
        owner.OnEnded(*this, last);
    }
    Tell(alive);
}

void Slot::Tell(bool replaced) noexcept {
    if (const Replaced done = std::exchange(on_replaced, {}); done)
        done(replaced);
}

// --- ends ------------------------------------------------------------------------------------

void Slot::OnReady(Worker &worker) noexcept {
    owner.OnReady(worker);
    if (workers.PartOf(worker) == SlotWorkers::Part::SUCCESSOR)
        Post(SlotTrigger::SUCCESSOR_READY);
}

void Slot::OnEnded(Worker &worker) noexcept {
    const bool is_current = workers.PartOf(worker) == SlotWorkers::Part::CURRENT;
    if (is_current)
        last = worker.End();
    // The end of one that was replaced, or of a successor that never took over, decides nothing.
    const bool decides = is_current && state != SlotState::RENEWING;
    if (decides || state == SlotState::RETIRING)
        owner.OnEnded(*this, worker.End());
}

void Slot::OnGone(Worker &worker) noexcept {
    const SlotWorkers::Part part = workers.PartOf(worker);
    owner.OnCleared(worker);
    workers.Remove(worker);
    if (part != SlotWorkers::Part::CURRENT) // whose replacement has the same seat
        context.table.ParkSeat(worker.Ref().seat);
    if (state == SlotState::RETIRING) {
        if (workers.IsEmpty())
            Post(SlotTrigger::EMPTY);
    } else if (part == SlotWorkers::Part::CURRENT) {
        if (state == SlotState::RENEWING)
            Run();
        else
            Decide();
    } else if (part == SlotWorkers::Part::SUCCESSOR) {
        Post(SlotTrigger::SUCCESSOR_LOST);
    }
}

/** What follows the end of the current worker. */
void Slot::Decide() noexcept {
    if (owner.Replaces(last)) {
        next = context.restart.Next(history, last.when, last.ready_for);
        Post(next.failed ? SlotTrigger::GIVE_UP : SlotTrigger::RESTART);
    } else if (workers.IsEmpty()) {
        Post(SlotTrigger::NO_MORE);
    } else {
        Retire({StopRequest::Kind::QUICK, "the slot gets no more workers"});
    }
}

void Slot::ScheduleNext() noexcept {
    const std::optional<unsigned> attempt =
        next.failed ? std::nullopt : std::optional(next.attempt);
    context.reporter.Emit(report::Restart{index, std::chrono::duration<double>(next.delay).count(),
                                          pool::Describe(last), attempt,
                                          context.restart.Spec().most});
    timer.Schedule(next.delay);
}

void Slot::Fail() noexcept {
    if (next.has_failed)
        context.reporter.Emit(
            report::Failed{index, pool::Describe(last), context.restart.Spec().most,
                           std::chrono::duration<double>(context.restart.Spec().within).count()});
    if (owner.OnFailed())
        ScheduleNext();
}

void Slot::Retire(const StopRequest &request, bool surplus) noexcept {
    retirement = request;
    is_surplus |= surplus;
    Post(SlotTrigger::RETIRE);
}

void Slot::LeaveAll() noexcept {
    Tell(false);
    for (Worker *worker : workers.All()) {
        if (is_surplus) // others go on
            context.orphans.Remember(worker->Ref());
        worker->Leave(*retirement);
    }
    if (workers.IsEmpty())
        Post(SlotTrigger::EMPTY);
}

void Slot::Finish() noexcept {
    timer.Cancel();
    if (seat)
        context.table.ParkSeat(*std::exchange(seat, std::nullopt));
    owner.OnFinished();
}

} // namespace pool
