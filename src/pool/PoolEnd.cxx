#include "pool/Leftovers.hxx"
#include "pool/Pool.hxx"
#include "sys/Proc.hxx"
#include "sys/SignalNames.hxx"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <sys/wait.h>

// How a worker ends and what comes after it: Pool::Reap to Pool::FailSlot.

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
    for (const Ended &end : ended) {
        const auto found = by_pid.find(end.pid);
        if (found == by_pid.end()) {
            orphan_ended = true;
            continue;
        }
        workers.emplace_back(found->second, end.status);
        by_pid.erase(found);
    }
    for (const auto &[slot, status] : workers)
        OnEnded(*slot, status);
    if (!orphan_ended)
        return;
    // Its own children have become ours: look again.
    for (Slot &slot : slots)
        if (slot.GetState() == State::CLEARING)
            Clear(slot);
    FinishIfLast();
}

void Pool::OnEnded(Slot &slot, ExitStatus status) noexcept {
    for (Agent *agent : agents)
        agent->Gone(slot.worker, status);
    if (slot.GetState() == State::READY)
        ready_slots--;
    table.Deactivate(slot.Index());
    const bool stopping = ladder.IsClimbing();
    slot.asked_to_end = stopping;
    const auto signal =
        status.killed ? std::optional(sys::SignalName(status.number)) : std::nullopt;
    const auto code = status.killed ? std::nullopt : std::optional(status.number);
    reporter.Emit(report::Exit{{{slot.worker.id, slot.Index(), slot.worker.generation, slot.worker.pid}},
                               code, signal, slot.asked_to_end});
    slot.last_status = status;
    const bool success = spec.restart.IsSuccess(status);
    if (outcome.kind == Outcome::Kind::COMPLETED && EndsAll(status)) {
        // The outcome is decided.
    } else if ((stopping || !spec.serving || spec.restart.when == RestartWhen::NO) && !success && !outcome.failure) {
        outcome.failure = status;
    }
    slot.Fire(Trigger::ENDED);
}

/** Does this end decide that of the whole cluster? */
bool Pool::EndsAll(ExitStatus status) noexcept {
    const bool success = spec.restart.IsSuccess(status);
    if (!success && spec.kill_others_on_fail) {
        EndBecause(Outcome::Kind::ONE_FAILED, status, "fail", "a worker failed: ending the others", "a worker failed");
        return true;
    }
    // Under on-failure a worker may have done its work; under no it is not our business.
    if (!spec.serving || was_ready || !restart.Replaces(status))
        return false;
    EndBecause(Outcome::Kind::BOOT_FAILED, status, "boot",
               status.IsSuccess() ? "a worker ended before it served; does it go into the background?"
                                  : "a worker ended before any was ready: not started again",
               "boot failure");
    return true;
}

void Pool::EndBecause(Outcome::Kind kind, ExitStatus status, std::string_view stage, std::string_view message,
                      std::string_view reason) noexcept {
    outcome.kind = kind;
    outcome.failure = status;
    reporter.Emit(report::Error{stage, 0, std::string(message), std::nullopt, std::nullopt});
    Stop({StopRequest::Kind::QUICK, reason, 0, false});
}

void Pool::Clear(Slot &slot) noexcept {
    const auto is_worker = [this](pid_t pid) { return IsWorker(pid); };
    bool left = false;
    slot.killing_left = slot.killing_left || ladder.IsOver();
    if (!no_children)
        for (const Orphan &orphan : FindOrphans(spec.worker->run, is_worker)) {
            if (!IsLeftBy(orphan, slot.worker, is_worker))
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
    const auto is_worker = [this](pid_t pid) { return IsWorker(pid); };
    for (const Orphan &orphan : FindOrphans(spec.worker->run, is_worker))
        if (IsLeftBy(orphan, slot.worker, is_worker)) {
            for (const pid_t pid : sys::DescendantsOf(orphan.pid))
                kill(pid, SIGKILL);
            kill(orphan.pid, SIGKILL);
        }
}

void Pool::Settle(Slot &slot) noexcept {
    slot.Unschedule();
    const bool going_on = spec.serving && outcome.kind == Outcome::Kind::COMPLETED;
    if (going_on && (slot.worker.pid == 0 || restart.Replaces(slot.last_status)))
        Decide(slot);
    else
        slot.Fire(Trigger::RETIRE);
}

void Pool::Decide(Slot &slot) noexcept {
    const auto ready_for = slot.ready_since ? loop.Now() - *slot.ready_since : loop::TimePoint::duration(0);
    slot.next = restart.Next(slot.history, loop.Now(), ready_for);
    slot.Fire(slot.next.failed ? Trigger::GIVE_UP : Trigger::REPLACE);
}

void Pool::ScheduleNext(Slot &slot) noexcept {
    reporter.Emit(report::Restart{slot.Index(), std::chrono::duration<double>(slot.next.delay).count()});
    slot.Schedule(Trigger::DUE, slot.next.delay);
}

void Pool::FailSlot(Slot &slot) noexcept {
    if (slot.next.has_failed)
        reporter.Emit(report::Failed{slot.Index(), spec.restart.most,
                                     std::chrono::duration<double>(spec.restart.within).count()});
    slot.Schedule(Trigger::DUE, slot.next.delay);
    const bool hope = std::any_of(slots.begin(), slots.end(), [](const Slot &other) {
        return !other.history.failed || other.GetState() == State::READY;
    });
    if (hope)
        return;
    slot.Unschedule();
    EndBecause(Outcome::Kind::GIVEN_UP, slot.last_status, "restart", "every slot has failed: giving up",
               "every slot has failed");
}

} // namespace pool
