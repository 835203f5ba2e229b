#include "pool/Pool.hxx"
#include "sys/Error.hxx"
#include "sys/NullDevice.hxx"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

// How workers start: Pool::Start to Pool::OnLaunchFailed.

namespace pool {

namespace {

report::WorkerEvent About(const WorkerRef &worker) {
    return {{worker.id, worker.slot, worker.generation, worker.pid}};
}

} // namespace

void Pool::Start() noexcept {
    StartNext();
}

void Pool::StartNext() noexcept {
    if (ladder.IsClimbing() || started_slots == slots.size())
        return;
    Slot &slot = slots[started_slots++];
    slot.Fire(Trigger::DUE);
    if (started_slots < slots.size())
        start_event.Schedule();
}

void Pool::Launch(Slot &slot) noexcept {
    slot.worker.id = ++last_id;
    slot.worker.pid = 0;
    slot.ready_since.reset();
    slot.asked_to_end = false;
    slot.killed.reset();
    slot.dismissed = false;
    slot.told.clear();
    slot.listening.clear();
    slot.killing_left = false;
    table.Occupy(slot.Index());
    spawn::LaunchSpec launch;
    std::size_t prepared = 0;
    try {
        if (spec.worker->null_stdin && !null_device.IsDefined())
            null_device = sys::OpenNullDevice(sys::NullAccess::READ);
        const auto exports = table.Exports(slot.Index());
        contract::Handover handover = contract::MakeHandover(exports);
        handover.id = slot.worker.id;
        handover.slot = slot.Index();
        handover.workers = spec.slots;
        handover.generation = slot.worker.generation;
        launch = MakeLaunchSpec(*spec.worker, std::move(handover), exports, null_device);
        for (; prepared < agents.size(); prepared++)
            agents[prepared]->Prepare(slot.worker, launch);
    } catch (const std::system_error &error) {
        Forsake(slot, prepared);
        OnLaunchFailed(slot, {spawn::ExecStage::DESCRIPTORS, error.code().value()}, error.what());
        return;
    }
    auto result = launcher.Launch(launch);
    if (const auto *failure = std::get_if<spawn::LaunchFailure>(&result)) {
        Forsake(slot, prepared);
        OnLaunchFailed(slot, *failure, spawn::Describe(*failure, launch));
        return;
    }
    auto &launched = std::get<spawn::Launched>(result);
    slot.worker.pid = launched.pid;
    by_pid.emplace(slot.worker.pid, &slot);
    no_children = false;
    // Behind the first start, not before it: what is looked for takes time, and the worker runs already.
    if (!oom_kills)
        oom_kills.emplace();
    reporter.Emit(report::Fork{About(slot.worker)});
    reporter.Emit(report::Online{About(slot.worker)});
    for (Agent *agent : agents)
        agent->Started(slot.worker, launched);
    AwaitReady(slot);
}

/** The agents that were prepared learn that nothing came of it. */
void Pool::Forsake(const Slot &slot, std::size_t prepared) noexcept {
    for (std::size_t i = 0; i < prepared; i++)
        agents[i]->NotStarted(slot.worker);
}

void Pool::OnLaunchFailed(Slot &slot, const spawn::LaunchFailure &failure,
                          const std::string &message) noexcept {
    const auto &stage = spawn::EXEC_STAGE_TABLE[static_cast<std::size_t>(failure.stage)];
    reporter.Emit(report::Error{stage.name, failure.error, message, slot.worker.id, slot.Index()});
    slot.last = {loop.Now(), {}, {}, failure, false, false};
    // As long as nothing has served, what cannot be started once cannot be started at all.
    const bool fatal =
        (!was_ready || spec.kill_others_on_fail) && outcome.kind == Outcome::Kind::COMPLETED;
    if (fatal) {
        outcome.kind = Outcome::Kind::LAUNCH_FAILED;
        outcome.launch_failure = failure;
    } else {
        Count(slot.last);
    }
    slot.Fire(Trigger::LAUNCH_FAILED);
    if (fatal)
        Stop({StopRequest::Kind::QUICK, "a worker could not be started", 0, false});
}

} // namespace pool
