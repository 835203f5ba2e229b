#include "pool/Starter.hxx"
#include "sys/NullDevice.hxx"

#include <system_error>
#include <utility>

namespace pool {

std::variant<Starter::Begun, Starter::Failed> Starter::Start(
    WorkerRef &worker, const WorkerSpec &spec, util::BoundMethod<void()> on_settled) noexcept {
    constexpr auto DESCRIPTORS = spawn::ExecStage::DESCRIPTORS;
    spawn::LaunchSpec launch;
    try {
        if (spec.null_stdin && !null_device.IsDefined())
            null_device = sys::OpenNullDevice(sys::NullAccess::READ);
        launch =
            MakeLaunchSpec(spec, worker, worker_count, table.Exports(worker.seat), null_device);
        agents.Prepare(worker, launch);
    } catch (const std::system_error &error) {
        return Failed{{DESCRIPTORS, error.code().value()}, error.what()};
    }
    auto result = launcher.Launch(launch);
    if (const auto *failure = std::get_if<spawn::LaunchFailure>(&result)) {
        agents.NotStarted(worker);
        return Failed{*failure, spawn::Describe(*failure, launch)};
    }
    auto &forked = std::get<spawn::Forked>(result);
    worker.pid = forked.pid;
    under_way++;
    oom.Begin();
    agents.Forked(worker);
    auto start = std::make_unique<spawn::Start>(loop, std::move(forked.channel), std::move(launch),
                                                on_settled);
    return Begun{sys::Process(forked.pid, std::move(forked.pidfd)), std::move(start)};
}

void Starter::Settled(bool executes) noexcept {
    const bool had_room = HasRoom();
    under_way--;
    has_succeeded |= executes;
    if (!had_room && HasRoom())
        on_room();
}

} // namespace pool
