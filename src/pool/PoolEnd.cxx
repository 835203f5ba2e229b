#include "pool/Leftovers.hxx"
#include "pool/Pool.hxx"
#include "sys/Proc.hxx"
#include "sys/SignalNames.hxx"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <sys/wait.h>
#include <utility>

// How a worker ends and what comes after it: Pool::Reap to Pool::GiveUp.

namespace pool {

namespace {

struct Ended {
    pid_t pid;
    ExitStatus status;
};

} // namespace

void Pool::Reap() noexcept {
    // All first: then it is known whether any child is left to look for.
    std::vector<Ended> ended;
    for (;;) {
        siginfo_t info = {};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0) {
            no_children = errno == ECHILD;
            break;
        }
        no_children = false;
        if (info.si_pid == 0)
            break;
        ended.push_back({info.si_pid, ExitStatus::From(info)});
    }
    // No signal may go to a number that is nobody's any more: all are forgotten before any end is acted on.
    bool orphan_ended = false;
    std::vector<std::pair<Slot *, ExitStatus>> workers;
    std::vector<std::pair<Companion, ExitStatus>> ours;
    for (const Ended &end : ended) {
        if (const auto found = by_pid.find(end.pid); found != by_pid.end()) {
            workers.emplace_back(found->second, end.status);
            by_pid.erase(found);
        } else if (const auto other = companions.find(end.pid); other != companions.end()) {
            ours.emplace_back(other->second, end.status);
            companions.erase(other);
        } else {
            orphan_ended = true;
        }
    }
    // Not asked for after a success, which it would only delay.
    const bool failed = std::any_of(workers.begin(), workers.end(),
                                    [](const auto &end) { return !end.second.IsSuccess(); });
    const bool out_of_memory = failed && oom_kills && oom_kills->Rose();
    for (const auto &[slot, status] : workers)
        OnEnded(*slot, status, out_of_memory);
    for (const auto &[companion, status] : ours)
        if (companion.on_end)
            companion.on_end(status);
    if (!orphan_ended && ours.empty())
        return;
    // Its own children have become ours: look again.
    for (Slot &slot : slots)
        if (slot.GetState() == State::CLEARING)
            Clear(slot);
    FinishIfLast();
}

void Pool::EmitExit(const Slot &slot) noexcept {
    const ExitStatus &status = slot.last.status;
    std::optional<int> code;
    std::optional<std::string> signal;
    if (status.killed)
        signal = sys::SignalName(status.number);
    else
        code = status.number;
    const bool was_killed = status.IsBy(SIGKILL);
    reporter.Emit(
        report::Exit{{{slot.worker.id, slot.Index(), slot.worker.generation, slot.worker.pid}},
                     code,
                     signal,
                     slot.asked_to_end,
                     was_killed ? slot.killed : std::nullopt,
                     slot.last.oom,
                     DescribeSockets(table, slot.Index())});
}

void Pool::OnEnded(Slot &slot, ExitStatus status, bool out_of_memory) noexcept {
    for (Agent *agent : agents)
        agent->Gone(slot.worker, status);
    slot.Unschedule();
    if (slot.GetState() == State::READY)
        ready_slots--;
    table.Vacate(slot.Index());
    slot.asked_to_end = ladder.IsClimbing();
    const auto now = loop.Now();
    slot.last = {now,
                 slot.ready_since ? now - *slot.ready_since : loop::TimePoint::duration(0),
                 status,
                 {},
                 out_of_memory && status.IsBy(SIGKILL) && !slot.killed,
                 slot.dismissed && !slot.asked_to_end};
    EmitExit(slot);
    const bool decides = outcome.kind == Outcome::Kind::COMPLETED && EndsAll(slot.last);
    if (!decides)
        Count(slot.last);
    slot.Fire(Trigger::ENDED);
}

bool Pool::IsSuccess(const LastEnd &end) const noexcept {
    return !end.launch_failure && !end.not_ready && spec.restart.IsSuccess(end.status);
}

/** Does this end decide that of the whole cluster? */
bool Pool::EndsAll(const LastEnd &end) noexcept {
    const bool success = IsSuccess(end);
    if (!success && spec.kill_others_on_fail) {
        EndBecause(Outcome::Kind::ONE_FAILED, end, "fail", "a worker failed: ending the others",
                   "a worker failed");
        return true;
    }
    // Under on-failure, one that succeeded has done its work.
    if (!serving || was_ready || (success && spec.restart.when == RestartWhen::ON_FAILURE))
        return false;
    EndBecause(Outcome::Kind::BOOT_FAILED, end, "boot",
               end.not_ready ? "no worker was ready in time: not started again"
               : success     ? "a worker ended before it served; does it go into the background?"
                             : "a worker ended before any was ready: not started again",
               "boot failure");
    return true;
}

/** The first failure that nothing makes good. */
void Pool::Count(const LastEnd &end) noexcept {
    const bool replaced = serving && !ladder.IsClimbing() && restart.Replaces(false);
    if (replaced || IsSuccess(end) || outcome.failure || outcome.launch_failure)
        return;
    if (end.launch_failure)
        outcome.launch_failure = end.launch_failure;
    else
        outcome.failure = end.status;
}

void Pool::EndBecause(Outcome::Kind kind, const LastEnd &end, std::string_view stage,
                      std::string_view message, std::string_view reason) noexcept {
    outcome.kind = kind;
    outcome.launch_failure = end.launch_failure;
    outcome.failure = end.status;
    reporter.Emit(report::Error{stage, 0, std::string(message), std::nullopt, std::nullopt});
    Stop({StopRequest::Kind::QUICK, reason, 0, false});
}

void Pool::Clear(Slot &slot) noexcept {
    const auto is_known = [this](pid_t pid) { return IsKnown(pid); };
    bool left = false;
    slot.killing_left = slot.killing_left || ladder.IsOver();
    if (!no_children)
        for (const OldOrphan &orphan : FindOrphans(spec.worker->run, is_known)) {
            if (!IsLeftBy(orphan, slot.worker, is_known))
                continue;
            left = true;
            if (slot.killing_left)
                kill(orphan.pid, SIGKILL);
            else if (slot.told.insert(orphan.pid).second)
                kill(orphan.pid, ladder.Signal());
        }
    if (!left)
        Settle(slot);
    else if (!ladder.IsClimbing() && !slot.IsScheduled())
        slot.Schedule(Trigger::TIME_OVER, LEFTOVER_PATIENCE);
}

void Pool::KillLeft(Slot &slot) noexcept {
    slot.killing_left = true;
    const auto is_known = [this](pid_t pid) { return IsKnown(pid); };
    for (const OldOrphan &orphan : FindOrphans(spec.worker->run, is_known))
        if (IsLeftBy(orphan, slot.worker, is_known)) {
            for (const pid_t pid : sys::DescendantsOf(orphan.pid))
                kill(pid, SIGKILL);
            kill(orphan.pid, SIGKILL);
        }
}

void Pool::Settle(Slot &slot) noexcept {
    slot.Unschedule();
    const bool going_on = serving && outcome.kind == Outcome::Kind::COMPLETED;
    if (!going_on || !restart.Replaces(IsSuccess(slot.last)))
        return slot.Fire(Trigger::RETIRE);
    slot.next = restart.Next(slot.history, slot.last.when, slot.last.ready_for);
    slot.Fire(slot.next.failed ? Trigger::GIVE_UP : Trigger::REPLACE);
}

void Pool::ScheduleNext(Slot &slot) noexcept {
    const std::optional<unsigned> attempt =
        slot.next.failed ? std::nullopt : std::optional(slot.next.attempt);
    reporter.Emit(report::Restart{slot.Index(),
                                  std::chrono::duration<double>(slot.next.delay).count(),
                                  Describe(slot.last), attempt, spec.restart.most});
    slot.Schedule(Trigger::DUE, slot.next.delay);
}

void Pool::FailSlot(Slot &slot) noexcept {
    if (slot.next.has_failed)
        reporter.Emit(report::Failed{slot.Index(), Describe(slot.last), spec.restart.most,
                                     std::chrono::duration<double>(spec.restart.within).count()});
    if (HasHope())
        ScheduleNext(slot);
    else
        GiveUp();
}

void Pool::FinishSlot() noexcept {
    finished_slots++;
    // Others may have failed meanwhile, and it was the one that still served.
    const bool going_on = finished_slots < slots.size() && outcome.kind == Outcome::Kind::COMPLETED;
    if (going_on && !HasHope())
        GiveUp();
    else
        FinishIfLast();
}

/** Is there a slot that serves, or that has not failed? */
bool Pool::HasHope() const noexcept {
    return std::any_of(slots.begin(), slots.end(), [](const Slot &slot) {
        const State state = slot.GetState();
        const bool comes_back =
            state == State::CLEARING && RestartPolicy::Served(slot.last.ready_for);
        return state != State::FINISHED &&
               (!slot.history.failed || state == State::READY || comes_back);
    });
}

void Pool::GiveUp() noexcept {
    // The slot that failed last decides; finished ones have not failed.
    const auto last =
        std::max_element(slots.begin(), slots.end(), [](const Slot &one, const Slot &other) {
            return std::pair(one.history.failed, one.last.when) <
                   std::pair(other.history.failed, other.last.when);
        });
    EndBecause(Outcome::Kind::GIVEN_UP, last->last, "restart", "every slot has failed: giving up",
               "every slot has failed");
}

} // namespace pool
