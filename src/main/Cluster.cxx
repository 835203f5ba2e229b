#include "main/Cluster.hxx"
#include "main/ExitCode.hxx"
#include "main/LogIsJournal.hxx"
#include "pool/ListenerInfos.hxx"
#include "report/JsonSink.hxx"
#include "report/SystemdSink.hxx"
#include "report/TextSink.hxx"
#include "sys/AppendFile.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace launcher {

namespace {

/** For the reader of the events, if the time for a stop is over. */
constexpr std::chrono::milliseconds GRACE{200};

/** Processes that a watcher kills when the stop timeout is over need a moment to be gone. */
constexpr std::chrono::seconds REMAINS{2};

/** For the directory of the workers' notify sockets; workers must be able to search the place. */
std::vector<std::string> NotifyPlaces() {
    std::vector<std::string> places;
    const char *const runtime = std::getenv("XDG_RUNTIME_DIR");
    if (geteuid() == 0)
        places.emplace_back("/run");
    else if (runtime != nullptr && runtime[0] == '/')
        places.emplace_back(runtime);
    places.insert(places.end(), {"/tmp", "/dev/shm"});
    return places;
}

} // namespace

Cluster::Cluster(plan::Plan _plan, bool _has_terminal)
    : plan(std::move(_plan)), has_terminal(_has_terminal),
      shares_group(has_terminal && (!plan.pool.worker->own_group || plan.then)),
      policy(plan.policy->make(
          {loop, util::BoundMethod<void(pid_t)>::Make<&Cluster::OnForked>(*this),
           util::BoundMethod<void(const net::Steering &)>::Make<&Cluster::OnSettled>(*this)})),
      table(*policy, plan.pool.slots), marks(errands, plan.pool.worker->run),
      orphans(loop, reaper, marks),
      pool(loop, reporter, table, reaper, orphans, launcher, plan.pool, plan.seed,
           util::Bind<&Cluster::OnFinished>(*this)),
      notify({{loop, closing, util::BoundMethod<void(pid_t)>::Make<&Cluster::OnForked>(*this)},
              pool.GetFacts(),
              reporter,
              marks},
             NotifyPlaces()),
      alive(loop, pool.GetFacts(), plan.pool.ready.alive),
      epoll(loop, errands, pool.GetFacts(), table), unserved(loop, reporter, table, epoll),
      repair(loop, reporter, table), path_keeper(loop, errands, reporter, table),
      steering_report(loop, reporter, table),
      watcher(loop, reporter, reaper,
              {plan.pool.worker->run, plan.pool.worker->own_group, plan.pool.stop.timeout,
               util::Bind<&notify::NotifyAgent::RemoveFiles>(notify)}),
      group_signals(loop, reaper), signal_table(loop, pool, clock, has_terminal, GroupHas()),
      signals(loop, SignalTable::Signals(),
              loop::SignalEvent::Callback::Make<&SignalTable::OnSignals>(signal_table)) {
    AddSinks();
    AddOutput();
    if (plan.notify)
        pool.Add(notify);
    if (plan.pool.serving && plan.pool.ready.ByTime())
        pool.Add(alive);
    const pool::ReadyBy by = plan.pool.ready.by;
    const bool by_listening = by == pool::ReadyBy::AUTO || by == pool::ReadyBy::LISTEN;
    if (plan.pool.serving && by_listening && !plan.listeners.empty()) {
        pool.Add(epoll);
        pool.Observe(epoll);
    }
    if (plan.pool.serving && !plan.listeners.empty()) {
        pool.Add(unserved);
        pool.Observe(unserved);
    }
    pool.Add(watcher);
    AddAdoption();
    if (!plan.listeners.empty() || adoption) {
        pool.Add(repair);
        pool.Add(path_keeper);
        pool.Observe(path_keeper);
    }
    pool.OnServing(util::Bind<&Cluster::EmitSetup>(*this));
    if (plan.then) {
        then.emplace(*plan.then, plan.pool, loop, pool, reaper, launcher, reporter, table, watcher,
                     !has_terminal);
        pool.Observe(*then);
    }
    if (plan.watchdog)
        ping.emplace(loop, *plan.watchdog);
}

/** Processes with groups of their own get only the launcher's signals. */
SignalTable::GroupHas Cluster::GroupHas() noexcept {
    return shares_group ? SignalTable::GroupHas::Make<&GroupSignals::GroupHas>(group_signals)
                        : SignalTable::GroupHas();
}

void Cluster::AddSinks() {
    if (plan.events) {
        events = &OpenEvents();
        reporter.Add(std::make_unique<report::JsonSink>(events->GetOutlet()));
        last_flush.emplace(loop, *events, util::Bind<&Cluster::OnEventsRead>(*this));
    }
    auto log = std::make_unique<report::TextSink>(drains.Borrow(sys::Fd(STDERR_FILENO)).GetOutlet(),
                                                  plan.log_level, plan.serving_log_level);
    if (LogIsJournal())
        log->MarkPriorities();
    reporter.Add(std::move(log));
    if (plan.service_manager)
        reporter.Add(std::make_unique<report::SystemdSink>(*plan.service_manager, reporter));
}

/** `--events`: a file to append to, an inherited descriptor, or standard output. */
output::Drain &Cluster::OpenEvents() {
    const std::string &target = plan.events->value;
    if (target == "-")
        return drains.Borrow(sys::Fd(STDOUT_FILENO));
    if (target.starts_with("fd:")) {
        const int fd = static_cast<int>(util::ParseUnsigned(target.substr(3), INT_MAX).value_or(0));
        // The workers have no use for it, and its reader waits for the end.
        if (fcntl(fd, F_GETFD) < 0 || (fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0))
            throw util::UserError(fmt::format("{} {}: descriptor {} is not open",
                                              plan.events->source, util::Quote(target), fd));
        return drains.Borrow(sys::Fd(fd));
    }
    // The reader of a FIFO may come later: with O_RDWR that is no error.
    sys::UniqueFd file = sys::OpenToAppend(target, O_WRONLY);
    if (!file.IsDefined() && errno == ENXIO)
        file = sys::OpenToAppend(target, O_RDWR);
    if (!file.IsDefined())
        throw util::UserError(fmt::format("{} {}: {}", plan.events->source, util::Quote(target),
                                          sys::AppendErrorText(errno)));
    return drains.Own(std::move(file));
}

void Cluster::AddOutput() {
    if (plan.output.mode == output::Mode::INHERIT)
        return;
    captured.emplace(loop, reporter, drains, plan.output, events,
                     util::Bind<&Cluster::OnWritten>(*this));
    pool.Add(*captured);
    if (plan.output.mode == output::Mode::FILE)
        signal_table.OnReopen(util::Bind<&output::OutputAgent::Reopen>(*captured));
}

void Cluster::AddAdoption() {
    const bool unasked = plan.pool.slots > 1 && plan.listeners.empty();
    adopt::Tier tier = adopt::FindTier(plan.adopt.mode);
    if (plan.adopt.mode != adopt::Mode::OFF)
        reporter.Say(!tier.on && unasked ? report::Level::WARN : report::Level::DEBUG,
                     "adoption: " + adopt::Describe(tier));
    if (!tier.on)
        return;
    pool.Add(adoption.emplace(loop, errands, reporter, table, pool.GetFacts(), plan.adopt,
                              plan.pool.slots, std::move(tier), unasked));
    pool.Observe(*adoption);
}

void Cluster::OnFinished() noexcept {
    predecessor.Cancel();
    if (captured && !captured->HasFinished())
        captured->Finish(pool.IsTimeOver());
    else
        OnWritten();
}

/** All that workers wrote is written; the events are next. */
void Cluster::OnWritten() noexcept {
    if (last_flush)
        last_flush->Begin(pool.IsTimeOver() ? GRACE : plan.pool.stop.timeout);
    else
        loop.Break();
}

void Cluster::OnEventsRead() noexcept {
    if (const auto lost = last_flush->Lost(); lost != 0)
        reporter.Say(report::Level::WARN,
                     fmt::format("{} events were dropped: nobody read them in time", lost));
    loop.Break();
}

int Cluster::Run() noexcept {
    for (const std::string &warning : plan.warnings)
        reporter.Say(report::Level::WARN, warning);
    Open();
    if (!refused)
        loop.Run();
    table.LetGo();
    net::RemoveFiles(table);
    notify.RemoveFiles();
    if (pid_file)
        pid_file->Remove();
    reporter.Finish();
    if (refused)
        return OWN_FAILURE;
    return then ? then->Status() : ExitCode(pool.GetOutcome());
}

/** Opens the plan's listeners and starts the workers. An address that belongs to a cluster whose
 *  launcher was killed is waited for; then this is called again. */
void Cluster::Open() noexcept {
    std::string_view stage = "listen";
    try {
        OpenListeners();
        stage = "pid-file";
        WritePidFile();
        EmitSetup();
        pool.Start();
        if (shares_group)
            group_signals.Watch();
    } catch (const net::OpenError &error) {
        if (error.Error() != EADDRINUSE || !predecessor.Await(plan.pool.stop.timeout + REMAINS))
            return Refuse(stage, error.what());
        reporter.Say(report::Level::WARN,
                     fmt::format("{}; waiting for the end of a cluster whose launcher was killed",
                                 error.what()));
    } catch (const util::UserError &error) {
        Refuse(stage, error.what());
    }
}

void Cluster::Refuse(std::string_view stage, const char *why) noexcept {
    reporter.Emit(report::Error{stage, 0, why, std::nullopt, std::nullopt});
    refused = true;
    loop.Break();
}

void Cluster::OpenListeners() {
    for (; opened < plan.listeners.size(); opened++) {
        net::ListenSpec spec = plan.listeners[opened];
        spec.second_name = true;
        table.Open(spec);
    }
    WarnOfCovered();
}

/** After the listeners: a second instance that finds its address taken leaves the file alone. */
void Cluster::WritePidFile() {
    if (!plan.pid_file)
        return;
    try {
        pid_file.emplace(plan.pid_file->value);
    } catch (const std::system_error &error) {
        throw util::UserError(fmt::format("{} {}: {}", plan.pid_file->source,
                                          util::Quote(plan.pid_file->value), error.what()));
    }
}

void Cluster::WarnOfCovered() {
    spawn::ChildDescriptors numbers;
    const auto handover = contract::MakeHandover(table.Exports(0), numbers);
    for (const contract::Handed &handed : handover.listeners) {
        const int flags = fcntl(handed.fd, F_GETFD);
        if (flags >= 0 && (flags & FD_CLOEXEC) == 0)
            reporter.Say(
                report::Level::WARN,
                fmt::format(
                    "descriptor {}, which the launcher inherited, does not reach the workers: they "
                    "find the listener {} there",
                    handed.fd, util::Quote(handed.spec->name)));
    }
}

void Cluster::EmitSetup() noexcept {
    report::BalanceInfo balance = {plan.policy->name, "no listener", ""};
    for (const net::Listener &listener : table.Listeners()) {
        const net::TierReport tier = listener.GetSteering().Tier();
        balance.tier = tier.tier;
        balance.lacks = tier.lacks;
        if (!listener.IsShared())
            break; // the best that is had here
    }
    reporter.Emit(
        report::Setup{plan.pool.slots, pool.IsServing(), balance, pool::DescribeListeners(table)});
}

/** A process of the launcher's own: not a worker, nor left behind by one. */
void Cluster::OnForked(pid_t pid) noexcept {
    reaper.AddCompanion(sys::Process(pid), {});
}

void Cluster::OnSettled(const net::Steering &steering) noexcept {
    for (const net::Listener &listener : table.Listeners())
        if (&listener.GetSteering() == &steering) {
            net::TierReport tier = steering.Tier();
            reporter.Emit(report::Balance{listener.Spec().name,
                                          listener.Where(),
                                          {plan.policy->name, tier.tier, std::move(tier.lacks)}});
        }
}

} // namespace launcher
