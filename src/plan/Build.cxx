#include "net/ListenerKinds.hxx"
#include "output/Colour.hxx"
#include "plan/Adoption.hxx"
#include "plan/Identity.hxx"
#include "plan/Plan.hxx"
#include "plan/Ready.hxx"
#include "plan/StopSignal.hxx"
#include "sys/Accounts.hxx"
#include "sys/File.hxx"
#include "util/Table.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <sys/random.h>
#include <unistd.h>

namespace plan {

namespace {

constexpr util::Duration STOP_TIMEOUT = std::chrono::seconds(8); // below the 10 s of `docker stop`

/** The kernel's own limit, net.core.somaxconn; it cuts larger numbers down to it. */
int DefaultBacklog() {
    const auto text = sys::ReadFile("/proc/sys/net/core/somaxconn");
    const auto limit = text ? util::ParseUnsigned(util::Trim(*text), 1U << 30) : std::nullopt;
    return static_cast<int>(limit.value_or(SOMAXCONN));
}

std::uint64_t RandomBits() {
    std::uint64_t bits = 0;
    if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
        throw util::UserError("the kernel gives no random numbers (getrandom)");
    return bits;
}

/** Before a worker is started: --restart, --ready and --then make a serving cluster, --jobs the
 *  opposite. */
bool Serves(const Options &options) {
    if (options.jobs && options.then)
        throw util::UserError(
            fmt::format("{} and {} contradict each other: jobs are never up, they run to their end",
                        options.jobs_source, options.then->source));
    const bool restarts = options.restart && *options.restart != pool::RestartWhen::NO;
    if (options.jobs && restarts)
        throw util::UserError(
            fmt::format("{} and {} contradict each other: jobs run to their end once",
                        options.jobs_source, options.restart_source));
    if (options.jobs && options.ready)
        throw util::UserError(fmt::format("{} and {} contradict each other: jobs are never ready",
                                          options.jobs_source, options.ready_source));
    return !options.jobs &&
           (!options.listeners.empty() || restarts || options.ready || options.then);
}

/** Who is told about a serving cluster: whoever set NOTIFY_SOCKET for the launcher. */
std::optional<sys::UnixAddress> FindServiceManager(const std::optional<std::string> &notify_socket,
                                                   std::vector<std::string> &warnings) {
    if (!notify_socket || notify_socket->empty())
        return std::nullopt;
    const auto address = sys::UnixAddress::Parse(*notify_socket);
    if (!address)
        warnings.push_back(fmt::format("NOTIFY_SOCKET={} is no unix socket: nobody is told there",
                                       util::Quote(*notify_socket)));
    return address;
}

pool::RestartSpec MakeRestart(const Options &options) {
    pool::RestartSpec restart;
    restart.when = options.restart.value_or(pool::RestartWhen::ALWAYS);
    if (options.max_restarts) {
        restart.most = options.max_restarts->most;
        restart.within = options.max_restarts->within;
    }
    restart.exit_ok = options.exit_ok;
    return restart;
}

/** A valid LISTEN_FDS without -p and -l means -l systemd; with them its sockets serve nobody. */
void TakeActivation(Options &options, const Surroundings &surroundings,
                    std::vector<std::string> &warnings) {
    if (!surroundings.activation)
        return;
    if (options.listeners.empty()) {
        const sys::Accounts accounts;
        options.listeners =
            net::ParseListener("systemd", {accounts, &*surroundings.activation, ""});
        options.said.push_back({"listen", "LISTEN_FDS", "systemd"});
        return;
    }
    const bool used = std::any_of(options.listeners.begin(), options.listeners.end(),
                                  [](const net::ListenSpec &spec) {
                                      return spec.source == net::ListenSpec::Source::INHERITED;
                                  });
    if (!used)
        warnings.push_back(
            fmt::format("LISTEN_FDS hands over {} sockets that no -l systemd asks for: not served",
                        surroundings.activation->Count()));
}

unsigned CountWorkers(Options &options, Surroundings &surroundings) {
    if (options.workers)
        return Resolve(*options.workers);
    if (options.listeners.empty())
        return 1;
    if (!surroundings.web_concurrency)
        return AutoWorkers();
    // Puma and others take 0 for "no processes beside this one", and platforms set it.
    const auto &said = *surroundings.web_concurrency;
    const auto count = ParseWorkerCount(said == "0" ? "1" : said);
    if (!count)
        throw util::UserError(
            fmt::format("WEB_CONCURRENCY={}: not a number of workers up to {}, or auto",
                        *surroundings.web_concurrency, MOST_WORKERS));
    options.said.push_back({"workers", "WEB_CONCURRENCY", *surroundings.web_concurrency});
    surroundings.environment.Unset("WEB_CONCURRENCY");
    return Resolve(*count);
}

/** --balance, else the variable of Node's cluster; the workers keep the variable, for clusters
 *  of their own. */
const balance::PolicyRow *FindPolicy(Options &options, const spawn::Environment &environment,
                                     std::vector<std::string> &warnings) {
    constexpr std::string_view NODES = "NODE_CLUSTER_SCHED_POLICY";
    if (options.policy != nullptr)
        return options.policy;
    const auto name = environment.Find(NODES);
    if (name == "rr" || name == "none") {
        options.said.push_back({"balance", std::string(NODES), std::string(*name)});
        return util::FindRow(balance::POLICIES, *name);
    }
    if (name && !name->empty())
        warnings.push_back(fmt::format("{}={}: neither rr nor none, ignored", NODES, *name));
    return &balance::POLICIES[0];
}

bool ServesStandardInput(const std::vector<net::ListenSpec> &listeners) {
    return std::any_of(listeners.begin(), listeners.end(),
                       [](const net::ListenSpec &spec) { return spec.descriptor == 0; });
}

bool IsSame(const net::ListenSpec &one, const net::ListenSpec &other) {
    using Source = net::ListenSpec::Source;
    return one.source == Source::OPENED && other.source == Source::OPENED && one.at == other.at &&
           one.at.address.Port().value_or(1) != 0;
}

void CheckTwice(const std::vector<net::ListenSpec> &listeners) {
    for (std::size_t i = 0; i < listeners.size(); i++)
        for (std::size_t k = 0; k < i; k++)
            if (IsSame(listeners[i], listeners[k]))
                throw util::UserError(
                    fmt::format("{} is asked for twice", util::Quote(listeners[i].text)));
            else if (listeners[i].descriptor >= 0 &&
                     listeners[i].descriptor == listeners[k].descriptor)
                throw util::UserError(fmt::format(
                    "descriptor {} is asked for twice: {} and {}", listeners[i].descriptor,
                    util::Quote(listeners[k].text), util::Quote(listeners[i].text)));
}

output::OutputSpec MakeOutput(const Options &options, const spawn::Environment &environment,
                              unsigned workers) {
    output::OutputSpec output = options.output;
    output.workers = workers;
    output.shared = options.then.has_value();
    if (output.mode == output::Mode::EVENTS && !options.events)
        throw util::UserError(
            fmt::format("{} events: needs --events, which says where they go", output.source));
    if (output.mode == output::Mode::PREFIX)
        output.colour =
            output::AllowsColour(environment.Find("NO_COLOR"), environment.Find("TERM"));
    return output;
}

} // namespace

Plan Build(Options options, Surroundings surroundings) {
    Plan plan;
    TakeActivation(options, surroundings, plan.warnings);
    CheckTwice(options.listeners);
    const unsigned workers = CountWorkers(options, surroundings);
    plan.policy = FindPolicy(options, surroundings.environment, plan.warnings);
    const bool serving = Serves(options);
    const auto contracts =
        options.contracts ? *options.contracts : contract::ParseContracts("auto");

    const int backlog = options.backlog             ? *options.backlog
                        : options.listeners.empty() ? 0
                                                    : DefaultBacklog();
    const bool nonblocking =
        std::any_of(contracts.begin(), contracts.end(),
                    [](const contract::Contract *row) { return row->nonblocking; });
    for (net::ListenSpec &spec : options.listeners) {
        spec.backlog = backlog;
        spec.nonblocking = nonblocking;
    }

    plan.adopt = MakeAdopt(options, surroundings.environment, workers);
    plan.pool.old_first = plan.adopt.exclusives.HasFixed() || plan.adopt.debugger;
    plan.output = MakeOutput(options, surroundings.environment, workers);

    auto worker = std::make_shared<pool::WorkerSpec>();
    worker->expand_arguments = options.expand;
    worker->environment = std::move(surroundings.environment);
    worker->assignments = std::move(options.assignments);
    worker->contracts = contracts;
    worker->ids = MakeIds(options);
    worker->account = MakeAccount(options, getuid());
    worker->directory = std::move(options.directory);
    worker->cpus = std::move(options.cpus);
    worker->descriptor_limit = surroundings.descriptor_limit;
    worker->own_group = !surroundings.has_terminal || options.signal_group;
    worker->signal_group = options.signal_group;
    worker->null_stdin = options.null_stdin.value_or(workers > 1 || options.then) ||
                         ServesStandardInput(options.listeners);
    const std::uint64_t random = RandomBits();
    worker->run = fmt::format("{:016x}", random);
    plan.seed = static_cast<unsigned>(random);

    plan.pool.slots = workers;
    plan.pool.serving = serving;
    plan.pool.restart = MakeRestart(options);
    plan.pool.ready = MakeReady(options, plan.adopt, plan.warnings);
    plan.adopt.any_is_ready = !plan.pool.ready.at && (plan.pool.ready.by == pool::ReadyBy::AUTO ||
                                                      plan.pool.ready.by == pool::ReadyBy::LISTEN);
    const bool notifies = plan.pool.ready.by == pool::ReadyBy::NOTIFY ||
                          std::any_of(contracts.begin(), contracts.end(),
                                      [](const contract::Contract *row) { return row->notifies; });
    plan.notify = serving && notifies;
    std::vector<std::string> unsaid; // to jobs it matters only if they become a serving cluster
    if (serving || plan.adopt.mode != adopt::Mode::OFF)
        plan.service_manager =
            FindServiceManager(surroundings.notify_socket, serving ? plan.warnings : unsaid);
    plan.watchdog =
        FindWatchdog(surroundings.watchdog, surroundings.notify_socket, getpid(), plan.warnings);
    plan.pool.kill_others_on_fail = options.kill_others_on_fail;
    plan.pool.stop.signo = options.stop_signal.value_or(AutoStopSignal(options.command, contracts));
    plan.pool.stop.by_program = !options.stop_signal;
    plan.pool.stop.timeout = options.stop_timeout.value_or(STOP_TIMEOUT);
    plan.pool.stop.delay = options.stop_delay.value_or(util::Duration(0));
    if (plan.pool.stop.delay.count() != 0 && plan.pool.stop.delay >= plan.pool.stop.timeout)
        plan.warnings.emplace_back("--stop-delay is not shorter than --stop-timeout: workers will "
                                   "be killed without a stop signal");
    // KILL and STOP cannot be ignored in the first place.
    const int signo = plan.pool.stop.signo;
    worker->stop_signal = signo == SIGKILL || signo == SIGSTOP ? 0 : signo;
    worker->command = std::move(options.command);
    plan.pool.worker = std::move(worker);

    plan.listeners = std::move(options.listeners);
    if (options.then)
        plan.then = std::move(options.then->value);
    plan.events = std::move(options.events);
    plan.pid_file = std::move(options.pid_file);
    plan.dry_run = options.dry_run;
    plan.die_with_parent = options.die_with_parent;
    plan.said = std::move(options.said);
    plan.log_level =
        options.log_level.value_or(serving ? report::Level::INFO : report::Level::WARN);
    plan.serving_log_level = options.log_level.value_or(report::Level::INFO);
    return plan;
}

} // namespace plan
