#include "pool/Worker.hxx"
#include "pool/ListenerInfos.hxx"
#include "pool/Starter.hxx"
#include "report/WorkerName.hxx"
#include "sys/SignalNames.hxx"

#include <cassert>
#include <csignal>
#include <fmt/format.h>
#include <utility>

namespace pool {

Worker::Worker(const Context &_context, WorkerOwner &_owner, const WorkerRef &_ref,
               std::shared_ptr<const WorkerSpec> _spec) noexcept
    : context(_context), owner(_owner), ref(_ref), spec(std::move(_spec)),
      signals(_context.loop, _context.reaper, _context.stop, spec->signal_group),
      ladder(_context.loop, _context.stop,
             util::Bind<&Worker::Trigger<WorkerTrigger::DRAINED>>(*this),
             util::Bind<&Worker::Trigger<WorkerTrigger::TIME_OVER>>(*this)),
      timer(_context.loop, util::BoundMethod<void(WorkerTrigger)>::Make<&Worker::Post>(*this)) {}

Worker::Worker(const Description &made, const Context &_context, WorkerOwner &_owner)
    : context(_context), owner(_owner), ref(made.ref), state(made.state), process(made.process),
      signals(made.signals, _context.loop, _context.reaper, _context.stop, made.process),
      executed(HasProcess(made.state)), ready_shown(made.ready_shown), dismissed(made.dismissed),
      listens(made.listens), was_killed(made.was_killed), ready_timeout(made.ready_timeout),
      ready_since(made.ready_since), end(made.end),
      ladder(made.ladder, _context.loop, _context.stop,
             util::Bind<&Worker::Trigger<WorkerTrigger::DRAINED>>(*this),
             util::Bind<&Worker::Trigger<WorkerTrigger::TIME_OVER>>(*this)),
      timer(_context.loop, util::BoundMethod<void(WorkerTrigger)>::Make<&Worker::Post>(*this)) {
    context.reaper.Attend(process, Reaper::OnEnd::Make<&Worker::OnExit>(*this));
    if (state == WorkerState::CLEARING)
        Clear(made.kills_leftovers);
    timer.Resume(made.timer);
}

Worker::Description Worker::Describe() const {
    return {ref,
            state,
            process,
            ready_shown,
            dismissed,
            listens,
            was_killed,
            leftovers && leftovers->AreKilled(),
            ready_timeout,
            ready_since,
            end,
            signals.Describe(),
            ladder.Describe(),
            timer.Describe()};
}

void Worker::Post(WorkerTrigger trigger) noexcept {
    context.triggers.Post<&Worker::OnTrigger>(*this, trigger);
}

void Worker::OnTrigger(std::uint8_t trigger) noexcept {
    const auto &step = WORKER_LIFE.At(state, static_cast<WorkerTrigger>(trigger));
    assert(step.action != WorkerAction::IMPOSSIBLE);
    state = step.next;
    Perform(step.action);
}

void Worker::Perform(WorkerAction action) noexcept {
    switch (action) {
    case WorkerAction::NONE:
    case WorkerAction::IMPOSSIBLE:
        return;
    case WorkerAction::ACTIVATE:
        return Activate();
    case WorkerAction::SIGNAL:
        return SendStopSignal();
    case WorkerAction::DISMISS:
        return Dismiss();
    case WorkerAction::KILL:
        return Kill();
    case WorkerAction::ABANDON:
        return Abandon();
    case WorkerAction::CLEAR:
        owner.OnEnded(*this);
        return Clear(ladder.IsOver());
    case WorkerAction::KILL_LEFT:
        if (leftovers)
            leftovers->Kill();
        return;
    case WorkerAction::DEPART:
        return Depart();
    }
}

// --- the start -------------------------------------------------------------------------------

void Worker::Start() noexcept {
    context.table.Occupy(ref.seat, ref.id);
    auto result = context.starter.Start(ref, *spec, util::Bind<&Worker::OnSettled>(*this));
    if (const auto *failed = std::get_if<Starter::Failed>(&result)) {
        FailStart(failed->failure, failed->message);
        return Post(WorkerTrigger::START_FAILED);
    }
    auto begun = std::get<Starter::Begun>(std::move(result));
    start = std::move(begun.start);
    process = context.reaper.AddWorker(ref, std::move(begun.process),
                                       Reaper::OnEnd::Make<&Worker::OnExit>(*this));
    signals.SetProcess(process);
    start->Look(); // it may be over already
}

/** The command executes, or the start has failed. */
void Worker::OnSettled() noexcept {
    if (start->GetState() == spawn::Start::State::FAILED) {
        // It ends by itself, unless something holds it up.
        static_cast<void>(context.reaper.Signal(process, SIGKILL));
        return timer.Schedule(WorkerTrigger::STUCK, UNSTARTED_PATIENCE);
    }
    context.starter.Settled(true);
    spawn::Launched launched = start->Take();
    executed = true;
    end.since = context.loop.Now();
    if (!was_killed)
        timer.Cancel(); // a stop has the time of its ladder from here on
    context.reporter.Emit(report::Fork{{ref}});
    context.reporter.Emit(report::Online{{ref}});
    context.agents.Started(ref, launched);
    if (state == WorkerState::STARTING)
        owner.OnOnline(*this);
}

/** There is no process, or none any more, that could execute the command. */
void Worker::FailStart(const spawn::LaunchFailure &failure, const std::string &message) noexcept {
    const auto &stage = spawn::EXEC_STAGE_TABLE[static_cast<std::size_t>(failure.stage)];
    context.reporter.Emit(report::Error{stage.name, failure.error, message, ref.id, ref.slot});
    end.when = context.loop.Now();
    end.launch_failure = failure;
    context.table.Vacate(ref.seat);
    if (start) {
        context.agents.NotStarted(ref);
        context.starter.Settled(false);
    }
}

// --- serving ---------------------------------------------------------------------------------

void Worker::BecomeReady(Sign sign) noexcept {
    if (start && !executed)
        start->Look(); // the message may have come before the end of the start was read
    if (!executed || state != WorkerState::STARTING || ready_shown)
        return;
    ready_shown = true;
    context.reporter.Emit(report::Ready{{ref}, SIGN_NAMES[static_cast<std::size_t>(sign)]});
    Post(WorkerTrigger::BECAME_READY);
}

void Worker::LimitStart(std::chrono::milliseconds timeout) {
    ready_timeout = timeout;
    if (state == WorkerState::STARTING && !ready_shown && timeout.count() != 0)
        timer.Schedule(WorkerTrigger::LATE, timeout);
}

void Worker::Activate() noexcept {
    timer.Cancel();
    ready_since = context.loop.Now();
    context.table.Activate(ref.seat);
    owner.OnReady(*this);
}

int Worker::Listen(net::Listener &listener, How how) noexcept {
    listens = true;
    const bool first = !listener.Seats()[ref.seat].serving;
    const int error = listener.Serve(ref.seat);
    if (first)
        context.reporter.Emit(DescribeListening(ref, listener.Spec().at, how == How::ADOPTED));
    return error;
}

void Worker::Withdraw() noexcept {
    if (state == WorkerState::READY)
        context.table.Deactivate(ref.seat);
}

void Worker::Extend(std::chrono::milliseconds time) {
    if (HasProcess(state))
        timer.Extend(time);
    ladder.Extend(time);
}

// --- the end ---------------------------------------------------------------------------------

void Worker::Leave(const StopRequest &request) noexcept {
    if (request.workers_have_it)
        signals.NoteGroupSignal(request.signo);
    const TriggerQueue::Batch batch(context.triggers);
    Post(WorkerTrigger::LEAVE);
    ladder.Request(request);
}

void Worker::SendStopSignal() noexcept {
    signals.SendStopSignal();
    if (!executed) // it may be held up on its way to its command
        timer.Schedule(WorkerTrigger::TIME_OVER, UNSTARTED_PATIENCE);
}

/** The end of this worker counts as a failure, and the slot replaces it. */
void Worker::Dismiss() noexcept {
    dismissed = true;
    const double seconds = std::chrono::duration<double>(ready_timeout).count();
    context.reporter.Emit(report::Error{
        "ready", 0, fmt::format("{} was not ready within {} s", report::NameOf(ref), seconds),
        ref.id, ref.slot});
    context.orphans.Remember(ref);
    signals.SendStopSignal();
    timer.Schedule(WorkerTrigger::TIME_OVER, context.stop.timeout);
}

void Worker::Kill() noexcept {
    if (!was_killed)
        timer.Schedule(WorkerTrigger::STUCK, executed ? STUCK_AFTER : UNSTARTED_PATIENCE);
    was_killed = true;
    static_cast<void>(context.reaper.Signal(process, SIGKILL));
}

void Worker::OnExit(ExitStatus status) noexcept {
    // What the child said before it ended is read first.
    const bool failed = start && start->Look() == spawn::Start::State::FAILED;
    timer.Cancel();
    signals.Ended();
    if (failed) {
        FailStart(start->Failure(), start->DescribeFailure());
        Post(WorkerTrigger::START_FAILED);
    } else {
        Finish(status);
        Post(WorkerTrigger::ENDED);
    }
}

/** A worker that has executed its command has ended. */
void Worker::Finish(ExitStatus status) noexcept {
    context.agents.Gone(ref, status);
    context.table.Vacate(ref.seat);
    end.when = context.loop.Now();
    if (ready_since)
        end.ready_for = end.when - *ready_since;
    end.status = status;
    end.oom = status.IsBy(SIGKILL) && !was_killed && context.oom.Rose();
    end.not_ready = dismissed && !ladder.IsClimbing();
    report::Exit exit{{ref}};
    if (status.killed)
        exit.signal = sys::SignalName(status.number);
    else
        exit.code = status.number;
    exit.exited_after_disconnect = ladder.IsClimbing();
    if (status.IsBy(SIGKILL) && was_killed)
        exit.reason = "it had not ended in time";
    exit.oom = end.oom;
    exit.sockets = DescribeSockets(context.table, ref.seat);
    context.reporter.Emit(exit);
}

/** Not even SIGKILL ends it: it waits in the kernel for something that does not come. */
void Worker::Abandon() noexcept {
    context.reaper.Disown(process);
    end.stuck = true;
    if (!executed)
        start->Abandon(); // unless it turns out to have executed
    if (executed)
        Finish({true, SIGKILL});
    else
        FailStart(start->Failure(), start->DescribeFailure());
    context.reporter.Emit(
        report::Error{"kill", 0,
                      fmt::format("{} does not end, not even by SIGKILL: it hangs in "
                                  "the kernel, as with a file system that does not answer",
                                  report::NameWithPid(ref)),
                      ref.id, ref.slot});
    owner.OnEnded(*this);
    Depart();
}

void Worker::Clear(bool kill) noexcept {
    if (ref.pid == 0) // it never was a process
        return Post(WorkerTrigger::CLEARED);
    leftovers.emplace(context.loop, context.orphans, context.reaper,
                      util::Bind<&Worker::Trigger<WorkerTrigger::CLEARED>>(*this));
    if (kill)
        leftovers->Kill();
    if (leftovers->Begin(ref, context.stop.OfLeftovers(), signals.GroupHas()))
        Post(WorkerTrigger::CLEARED);
    else if (!ladder.IsClimbing())
        timer.Schedule(WorkerTrigger::TIME_OVER, Leftovers::PATIENCE);
}

void Worker::Depart() noexcept {
    timer.Cancel();
    if (leftovers && leftovers->AreStuck())
        context.reporter.Emit(
            report::Error{"kill", 0,
                          fmt::format("processes that {} has left do not end, not even by "
                                      "SIGKILL: they hang in the kernel, or are traced",
                                      report::NameOf(ref)),
                          ref.id, ref.slot});
    if (leftovers && !dismissed && !ladder.IsClimbing())
        end.left = leftovers->Names();
    context.agents.Cleared(ref);
    owner.OnGone(*this);
}

} // namespace pool
