#include "health/ListenerRepair.hxx"
#include "report/WorkerName.hxx"
#include "sys/Error.hxx"

#include <cerrno>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <system_error>

namespace health {

void ListenerRepair::OnOpen() noexcept {
    if (alarm.IsWatching())
        return;
    try {
        alarm.Watch(table.Alarm(), EPOLLIN);
    } catch (const std::system_error &error) {
        reporter.Say(
            report::Level::DEBUG,
            fmt::format("what workers shut down is repaired when they end: {}", error.what()));
    }
}

void ListenerRepair::Started(const pool::WorkerRef &worker, spawn::Launched &) noexcept {
    workers[worker.seat] = worker;
}

void ListenerRepair::Gone(const pool::WorkerRef &worker, pool::ExitStatus) noexcept {
    workers.erase(worker.seat);
    std::erase_if(said, [&worker](const auto &entry) { return entry.first == worker.seat; });
}

void ListenerRepair::OnAlarm(std::uint32_t) noexcept {
    for (const net::Repaired &repaired : table.Repair())
        Say(repaired);
}

void ListenerRepair::Say(const net::Repaired &repaired) noexcept {
    const net::Listener &listener = *repaired.listener;
    const auto worker = workers.find(repaired.seat);
    std::string who = "a worker";
    if (!listener.IsShared() && worker != workers.end())
        who = report::NameOf(worker->second);
    if (repaired.error != 0)
        return SayFailed(repaired, who);
    const bool first = said.emplace(repaired.seat, &listener).second;
    reporter.Say(first ? report::Level::WARN : report::Level::DEBUG,
                 fmt::format("{} has shut down the listening socket of {}: it listens again{}", who,
                             listener.Where(),
                             repaired.withheld
                                 ? ", and others get the connections until the worker is replaced"
                                 : ""));
}

void ListenerRepair::SayFailed(const net::Repaired &repaired, const std::string &who) noexcept {
    const net::Listener &listener = *repaired.listener;
    const bool is_unix = listener.Spec().at.address.Family() == AF_UNIX;
    std::optional<unsigned> id, slot;
    const auto worker = workers.find(repaired.seat);
    if (!listener.IsShared() && worker != workers.end()) {
        id = worker->second.id;
        slot = worker->second.slot;
    }
    reporter.Emit(report::Error{
        "listen", repaired.error,
        fmt::format("{} has shut down the listening socket of {}, which cannot listen again: {}",
                    who, listener.Where(),
                    is_unix ? "the kernel has no way back for a unix socket, and it refuses "
                              "connections until clusterize is started anew"
                            : sys::ErrnoText(repaired.error)),
        id, slot});
}

} // namespace health
