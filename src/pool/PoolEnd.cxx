#include "pool/Leftovers.hxx"
#include "pool/Pool.hxx"
#include "sys/Proc.hxx"
#include "sys/SignalNames.hxx"

#include <cerrno>
#include <csignal>
#include <sys/wait.h>

// How a worker ends and what comes after it: Pool::Reap to Pool::ScheduleNext.

namespace pool {

namespace {

// A worker that lived so long is replaced at once, another one after a pause.
constexpr std::chrono::seconds LONG_LIFE{10};
constexpr std::chrono::seconds PAUSE{1};

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
    reporter.Emit(
        report::Exit{{{slot.worker.id, slot.Index(), slot.worker.generation, slot.worker.pid}},
                     code,
                     signal,
                     slot.asked_to_end});
    if (spec.serving && !stopping && !was_ready)
        BootFailure(status);
    else if ((stopping || !spec.serving) && !status.IsSuccess() && !outcome.failure)
        outcome.failure = status;
    slot.Fire(Trigger::ENDED);
}

void Pool::BootFailure(ExitStatus status) noexcept {
    outcome.kind = Outcome::Kind::BOOT_FAILED;
    outcome.failure = status;
    reporter.Emit(report::Error{
        "boot", 0,
        status.IsSuccess() ? "a worker ended before it served; does it go into the background?"
                           : "a worker ended before any was ready: not started again",
        std::nullopt, std::nullopt});
    Stop({StopRequest::Kind::QUICK, "boot failure", 0, false});
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
    slot.Fire(going_on ? Trigger::REPLACE : Trigger::RETIRE);
}

void Pool::ScheduleNext(Slot &slot) noexcept {
    const bool lived_long = slot.worker.pid != 0 && loop.Now() - slot.started >= LONG_LIFE;
    const std::chrono::seconds delay = lived_long ? std::chrono::seconds(0) : PAUSE;
    reporter.Emit(report::Restart{slot.Index(), static_cast<double>(delay.count())});
    slot.Schedule(Trigger::DUE, delay);
}

} // namespace pool
