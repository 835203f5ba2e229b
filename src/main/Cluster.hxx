#pragma once

#include "adopt/AdoptAgent.hxx"
#include "health/AliveProbe.hxx"
#include "health/EpollProbe.hxx"
#include "health/ListenerRepair.hxx"
#include "health/PathKeeper.hxx"
#include "health/SteeringReport.hxx"
#include "health/UnservedListeners.hxx"
#include "loop/Errands.hxx"
#include "loop/SignalEvent.hxx"
#include "main/GroupSignals.hxx"
#include "main/Predecessor.hxx"
#include "main/SignalTable.hxx"
#include "main/ThenCommand.hxx"
#include "main/WatchdogPing.hxx"
#include "notify/NotifyAgent.hxx"
#include "output/LastFlush.hxx"
#include "output/OutputAgent.hxx"
#include "plan/Plan.hxx"
#include "pool/Marks.hxx"
#include "pool/Pool.hxx"
#include "pool/Reaper.hxx"
#include "spawn/CloneLauncher.hxx"
#include "sys/PidFile.hxx"
#include "watch/Watcher.hxx"

#include <optional>

namespace launcher {

/** The composition root: puts the rooms together and runs them. The order of the members is that of
 *  construction, and backwards that of destruction. */
class Cluster {
public:
    /** Throws util::UserError, std::system_error. */
    Cluster(plan::Plan plan, bool has_terminal);

    /** Opens the listeners, starts the workers, returns the exit status when all is over. */
    int Run() noexcept;

    /** The terminal's signal that the launcher is to die of; 0: none. */
    int EndedBy() const noexcept { return signal_table.EndedBy(); }

private:
    SignalTable::GroupHas GroupHas() noexcept;
    void AddSinks();
    output::Drain &OpenEvents();
    void AddOutput();
    void AddAdoption();
    void Open() noexcept;
    void OpenListeners();
    void Refuse(std::string_view stage, const char *why) noexcept;
    void WritePidFile();
    void WarnOfCovered();
    void EmitSetup() noexcept;
    void OnForked(pid_t pid) noexcept;
    void OnSettled(const net::Steering &steering) noexcept;
    void OnFinished() noexcept;
    void OnWritten() noexcept;
    void OnEventsRead() noexcept;

    plan::Plan plan;
    const bool has_terminal;
    const bool shares_group; // with workers or the command of --then
    pool::Reaper reaper; // before anything that starts a process
    report::Reporter reporter;
    loop::MonotonicClock clock;
    loop::Loop loop{clock};
    loop::Errands errands{loop, util::BoundMethod<void(pid_t)>::Make<&Cluster::OnForked>(*this)};
    /** Those in which descriptors of others are closed: they can hang beyond SIGKILL, and what the
     *  others have to do must not be refused because of that. */
    loop::Errands closing{loop, util::BoundMethod<void(pid_t)>::Make<&Cluster::OnForked>(*this)};
    output::Drains drains{loop};
    output::Drain *events = nullptr;
    std::optional<output::LastFlush> last_flush; // of the events, if there are any
    std::unique_ptr<net::SteeringPolicy> policy;
    net::ListenerTable table;
    std::size_t opened = 0; // of the plan's listeners
    bool refused = false; // it cannot begin
    Predecessor predecessor{loop, util::Bind<&Cluster::Open>(*this)};
    std::optional<sys::PidFile> pid_file;
    spawn::CloneLauncher launcher;
    pool::Marks marks;
    pool::Orphans orphans;
    pool::Pool pool;
    notify::NotifyAgent notify;
    health::AliveProbe alive;
    health::EpollProbe epoll;
    health::UnservedListeners unserved;
    health::ListenerRepair repair;
    health::PathKeeper path_keeper;
    health::SteeringReport steering_report;
    watch::Watcher watcher;
    std::optional<adopt::AdoptAgent> adoption; // where what workers bind is shared
    std::optional<ThenCommand> then;
    std::optional<output::OutputAgent> captured; // where the workers' output is not theirs alone
    std::optional<WatchdogPing> ping; // if a service manager watches the launcher
    GroupSignals group_signals;
    SignalTable signal_table;
    loop::SignalEvent signals;
};

} // namespace launcher
