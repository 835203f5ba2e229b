#include "pool/Pool.hxx"

#include <cassert>
#include <csignal>

namespace pool {

Pool::Pool(loop::Loop &_loop, report::Reporter &_reporter, net::ListenerTable &_table,
           spawn::Launcher &_launcher, const PoolSpec &_spec, unsigned _seed,
           util::BoundMethod<void()> _on_finished)
    : loop(_loop), reporter(_reporter), table(_table), launcher(_launcher), spec(_spec),
      on_finished(_on_finished), serving(_spec.serving), ready(_spec.ready),
      restart(_spec.restart, _seed),
      ladder(_loop, _spec.stop, util::Bind<&Pool::OnStopSignal>(*this),
             util::Bind<&Pool::OnStopKill>(*this)),
      start_event(_loop, util::Bind<&Pool::StartNext>(*this)),
      stray_timer(_loop, util::Bind<&Pool::OnStrayTimer>(*this)) {
    for (unsigned i = 0; i < spec.slots; i++)
        slots.emplace_back(loop, static_cast<SlotOwner &>(*this), i);
}

void Pool::Perform(Slot &slot, Action action) noexcept {
    switch (action) {
    case Action::NONE:
    case Action::IMPOSSIBLE:
        return;
    case Action::LAUNCH:
        return Launch(slot);
    case Action::ACTIVATE:
        return Activate(slot);
    case Action::SIGNAL:
        return SendStopSignal(slot);
    case Action::DISMISS:
        return Dismiss(slot);
    case Action::KILL:
        slot.killed = "it had not ended in time";
        return Send(slot, SIGKILL);
    case Action::CLEAR:
        return Clear(slot);
    case Action::KILL_LEFT:
        return KillLeft(slot);
    case Action::SCHEDULE:
        return ScheduleNext(slot);
    case Action::FAIL:
        return FailSlot(slot);
    case Action::FINISH:
        slot.Unschedule(); // it waits for nothing any more
        return FinishSlot();
    }
}

void Pool::Relay(int signo) noexcept {
    for (const Slot &slot : slots)
        if (HasWorker(slot.GetState()))
            Send(slot, signo);
}

void Pool::Send(const Slot &slot, int signo) noexcept {
    if (IsWorker(slot.worker.pid)) // not reaped yet, so the number is still its own
        kill(slot.worker.pid, signo);
}

std::vector<report::ListenerInfo> DescribeListeners(const net::ListenerTable &table) {
    std::vector<report::ListenerInfo> infos;
    for (const net::Listener &listener : table.Listeners()) {
        if (listener.IsRetired())
            continue;
        const net::ListenSpec &listen = listener.Spec();
        const auto port = listen.at.address.Port();
        const std::string_view type = !port ? "unix" : listen.at.type == SOCK_DGRAM ? "udp" : "tcp";
        // What a worker bound may be written relatively.
        const bool is_path =
            listen.origin == net::ListenSpec::Origin::ADOPTED && !listener.Path().empty();
        infos.push_back(
            {listen.name, is_path ? listener.Path() : listen.at.address.Host(), port, type});
    }
    return infos;
}

std::vector<report::SocketInfo> DescribeSockets(const net::ListenerTable &table, unsigned slot) {
    std::vector<report::SocketInfo> infos;
    for (const net::Listener &listener : table.Listeners()) {
        if (listener.IsShared())
            continue;
        const net::SlotFigures figures = table.FiguresOf(listener, slot);
        report::SocketInfo info{listener.Spec().name, figures.given, {}, {}};
        if (figures.queue) {
            info.queue = figures.queue->length;
            info.limit = figures.queue->limit;
        }
        if (info.given || info.queue)
            infos.push_back(std::move(info));
    }
    return infos;
}

} // namespace pool
