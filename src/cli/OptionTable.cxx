#include "cli/OptionTable.hxx"
#include "balance/Policies.hxx"
#include "cli/ShowTable.hxx"
#include "sys/Accounts.hxx"
#include "sys/CpuSet.hxx"
#include "sys/Error.hxx"
#include "sys/SignalNames.hxx"
#include "util/Number.hxx"
#include "util/Table.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <cerrno>
#include <climits>
#include <fmt/format.h>
#include <sys/stat.h>

namespace cli {

namespace {

using plan::Options;
using util::UserError;
using Text = std::string_view;
using Context = OptionContext;

constexpr unsigned LARGEST_ID = UINT_MAX - 1; // -1 means "leave it" to the kernel

void ApplyWorkers(Options &options, Text text, const Context &) {
    options.workers = plan::ParseWorkerCount(text);
    if (!options.workers)
        throw UserError(
            fmt::format("must be a number from 1 to {}, auto, -K or P%", plan::MOST_WORKERS));
}

void ApplyEnv(Options &options, Text text, const Context &) {
    const auto equals = text.find('=');
    if (equals == Text::npos || equals == 0)
        throw UserError("must be NAME=VALUE");
    options.assignments.emplace_back(text.substr(0, equals), text.substr(equals + 1));
}

void ApplyChdir(Options &options, Text text, const Context &) {
    struct stat status = {};
    const std::string path(text);
    if (stat(path.c_str(), &status) != 0)
        throw UserError(fmt::format("must be a directory that exists: {}", sys::ErrnoText(errno)));
    if (!S_ISDIR(status.st_mode))
        throw UserError("must be a directory, that is a file");
    options.directory = path;
}

gid_t ParseGroup(Text text, const sys::Accounts &accounts) {
    if (const auto number = util::ParseUnsigned(text, LARGEST_ID))
        return static_cast<gid_t>(*number);
    const auto group = accounts.FindGroup(text);
    if (!group)
        throw UserError("unknown group: a name of /etc/group or a number");
    return *group;
}

void ApplyUser(Options &options, Text text, const Context &context) {
    const auto [user_text, group_text] = util::Cut(text, ':');
    const auto number = util::ParseUnsigned(user_text, LARGEST_ID);
    const auto user = number ? context.accounts.FindUser(static_cast<uid_t>(*number))
                             : context.accounts.FindUser(user_text);
    if (!number && !user)
        throw UserError("unknown user: a name of /etc/passwd or a number");
    spawn::Ids ids;
    ids.uid = user ? user->uid : static_cast<uid_t>(*number);
    if (text.find(':') != Text::npos)
        ids.gid = ParseGroup(group_text, context.accounts);
    else if (user)
        ids.gid = user->gid;
    if (user)
        ids.groups = context.accounts.GroupsOf(user->name, *ids.gid);
    else if (ids.gid)
        ids.groups = std::vector<gid_t>{*ids.gid};
    options.user = std::move(ids);
    options.account = user;
    options.user_said = {context.source, std::string(text)};
}

void ApplyGroup(Options &options, Text text, const Context &context) {
    options.group = ParseGroup(text, context.accounts);
}

void ApplyCpuAffinity(Options &options, Text text, const Context &) {
    if (text == "auto") {
        options.cpus = sys::AllowedCpus();
        return;
    }
    const auto cpus = sys::ParseCpuList(text);
    if (!cpus)
        throw UserError("must be auto, or a list of CPUs such as 0-3,6");
    options.cpus = *cpus;
}

void ApplyExpand(Options &options, Text, const Context &) {
    options.expand = true;
}

void ApplyStdin(Options &options, Text text, const Context &) {
    if (text != "inherit" && text != "null")
        throw UserError("must be inherit or null");
    options.null_stdin = text == "null";
}

void ApplyOutput(Options &options, Text text, const Context &context) {
    options.output = output::ParseOutput(text);
    options.output.source = context.source;
}

void ApplyListener(Options &options, Text text, const Context &context) {
    const auto specs = net::ParseListener(text, context.listen);
    options.listeners.insert(options.listeners.end(), specs.begin(), specs.end());
}

void ApplyBacklog(Options &options, Text text, const Context &) {
    const auto backlog = util::ParseUnsigned(text, INT_MAX);
    if (!backlog || *backlog == 0)
        throw UserError("must be a number of connections from 1 on");
    options.backlog = static_cast<int>(*backlog);
}

void ApplyAdopt(Options &options, Text text, const Context &context) {
    const auto *row = util::FindRow(adopt::MODES, text);
    if (row == nullptr)
        throw UserError("must be one of " + util::JoinNames(adopt::MODES));
    options.adopt = row->mode;
    options.adopt_source = context.source;
}

void ApplyExclusive(Options &options, Text text, const Context &context) {
    options.exclusives.Add(text);
    options.exclusive_source = context.source;
}

void ApplyBalance(Options &options, Text text, const Context &) {
    options.policy = util::FindRow(balance::POLICIES, text);
    if (options.policy == nullptr)
        throw UserError("must be one of " + util::JoinNames(balance::POLICIES));
}

void ApplyContract(Options &options, Text text, const Context &) {
    options.contracts = contract::ParseContracts(text);
}

void ApplyJobs(Options &options, Text, const Context &context) {
    options.jobs = true;
    options.jobs_source = context.source;
}

void ApplyThen(Options &options, Text text, const Context &context) {
    if (util::Trim(text).empty())
        throw UserError("must be a command for sh -c");
    options.then = {context.source, std::string(text)};
}

void ApplyRestart(Options &options, Text text, const Context &context) {
    const auto *row = util::FindRow(pool::RESTARTS, text);
    if (row == nullptr)
        throw UserError("must be one of " + util::JoinNames(pool::RESTARTS));
    options.restart = row->when;
    options.restart_source = context.source;
}

/** `ADDRESS` of `--ready listen:ADDRESS`. */
pool::ReadySpec ParseReadyAddress(Text text, const net::ListenContext &context) {
    const auto specs = net::ParseListener(text, context);
    if (specs.size() != 1 || specs[0].source != net::ListenSpec::Source::OPENED ||
        specs[0].at.address.Port() == 0U || !specs[0].name.empty() ||
        specs[0].unix_options != net::UnixOptions())
        throw UserError("must name an address: listen:PORT, listen:HOST:PORT, listen:unix:PATH");
    pool::ReadySpec ready;
    ready.by = pool::ReadyBy::LISTEN;
    ready.at = {std::string(text), specs[0].at, {}};
    return ready;
}

void ApplyReady(Options &options, Text text, const Context &context) {
    constexpr Text LISTEN = "listen:";
    options.ready = text.starts_with(LISTEN)
                        ? ParseReadyAddress(text.substr(LISTEN.size()), context.listen)
                        : pool::ParseReady(text);
    if (!options.ready)
        throw UserError("must be auto, listen, notify, exec, listen:ADDRESS, or a duration such "
                        "as 5s");
    options.ready_source = context.source;
}

void ApplyMaxRestarts(Options &options, Text text, const Context &) {
    const auto [most_text, within_text] = util::Cut(text, '/');
    const auto most = util::ParseUnsigned(most_text, 1'000'000);
    const auto within = util::ParseDuration(within_text);
    if (!most || !within || within->count() == 0)
        throw UserError("must be a number and a time, such as 5/30s");
    options.max_restarts = {static_cast<unsigned>(*most), *within};
}

void ApplyExitOk(Options &options, Text text, const Context &) {
    options.exit_ok.clear();
    for (const Text word : util::Split(text, ',')) {
        const auto code = util::ParseUnsigned(word, 255);
        if (!code)
            throw UserError("must be exit statuses from 0 to 255 with commas between them");
        options.exit_ok.push_back(static_cast<int>(*code));
    }
}

void ApplyKillOthers(Options &options, Text, const Context &) {
    options.kill_others_on_fail = true;
}

void ApplySignalGroup(Options &options, Text, const Context &) {
    options.signal_group = true;
}

void ApplyDieWithParent(Options &options, Text, const Context &) {
    options.die_with_parent = true;
}

void ApplyStopSignal(Options &options, Text text, const Context &) {
    options.stop_signal = std::nullopt;
    if (text == "auto")
        return;
    options.stop_signal = sys::ParseSignal(text);
    if (!options.stop_signal)
        throw UserError("must be auto, or a signal such as TERM, SIGQUIT, RTMIN+3 or 15");
}

util::Duration ParseDuration(Text text) {
    const auto duration = util::ParseDuration(text);
    if (!duration)
        throw UserError("must be a duration such as 500ms, 8s, 2m or 1h");
    return *duration;
}

void ApplyReadyTimeout(Options &options, Text text, const Context &) {
    options.ready_timeout = ParseDuration(text);
}

void ApplyStopTimeout(Options &options, Text text, const Context &) {
    options.stop_timeout = ParseDuration(text);
}

void ApplyStopDelay(Options &options, Text text, const Context &) {
    options.stop_delay = ParseDuration(text);
}

void ApplyEvents(Options &options, Text text, const Context &context) {
    const bool is_descriptor = text.starts_with("fd:");
    if (text.empty() || (is_descriptor && !util::ParseUnsigned(text.substr(3), INT_MAX)))
        throw UserError("must be a file, fd:N, or - for standard output");
    options.events = {context.source, std::string(text)};
}

void ApplyLogLevel(Options &options, Text text, const Context &) {
    const auto *row = util::FindRow(report::LEVELS, text);
    if (row == nullptr)
        throw UserError("must be one of " + util::JoinNames(report::LEVELS));
    options.log_level = row->level;
}

void ApplyPidFile(Options &options, Text text, const Context &context) {
    if (text.empty())
        throw UserError("must be a file");
    options.pid_file = {context.source, std::string(text)};
}

void ApplyDryRun(Options &options, Text, const Context &) {
    options.dry_run = true;
}

// --list, --version and --help are answered by the command line itself.
void ApplyNothing(Options &, Text, const Context &) {}

// clang-format off
constexpr std::array<OptionRow, 36> ROWS = {{
    // name, letter, value, group, help, repeatable, from the environment, apply
    {"workers", 'n', "N|auto|-K|P%", Group::WORKERS,
     "how many workers: a number; as many as there are CPUs to use (auto), K fewer, or P percent of them. "
     "Default: $WEB_CONCURRENCY, else auto, where a port is asked for; else 1", false, true, ApplyWorkers},
    {"env", 0, "NAME=VALUE", Group::WORKERS,
     "set a variable in the workers; {slot} and other templates expand", true, true, ApplyEnv},
    {"chdir", 0, "DIR", Group::WORKERS, "the workers' directory", false, true, ApplyChdir},
    {"user", 0, "NAME|UID[:GROUP]", Group::WORKERS, "run the workers as this user", false, true, ApplyUser},
    {"group", 0, "NAME|GID", Group::WORKERS, "run the workers in this group", false, true, ApplyGroup},
    {"cpu-affinity", 0, "auto|LIST", Group::WORKERS,
     "pin each worker to one CPU of a list such as 0-3,6, or of all", false, true, ApplyCpuAffinity},
    {"expand", 0, "", Group::WORKERS,
     "expand {fd}, {port}, {id}, {slot}, {workers} and {9000+slot} in the command's arguments too", false, true,
     ApplyExpand},
    {"stdin", 0, "inherit|null", Group::WORKERS,
     "the workers' standard input (default: inherit with one worker, else null)", false, true, ApplyStdin},
    {"output", 0, "inherit|prefix|events|null|FILE", Group::WORKERS,
     "what becomes of their standard output and error: left alone (inherit, the default), whole lines with the "
     "worker's id before them (prefix), events, nothing (null), or lines of a file whose name may have {id} or {slot}",
     false, true, ApplyOutput},

    {"port", 'p', "[HOST:]PORT[/udp]", Group::LISTENERS,
     "serve this port; without HOST on all addresses, IPv4 and IPv6; 0: a free one", true, true, ApplyListener},
    {"listen", 'l', "[NAME=]ADDRESS", Group::LISTENERS,
     "serve this address: [HOST:]PORT, [IPV6]:PORT, udp:[HOST:]PORT, "
     "unix:PATH[,mode=][,user=][,group=], unix:@NAME, fd:N, systemd", true, true, ApplyListener},
    {"backlog", 0, "N", Group::LISTENERS,
     "connections that may wait in a socket's queue (default: the kernel's limit)", false, true, ApplyBacklog},
    {"adopt", 0, "auto|all|listed|off", Group::LISTENERS,
     "what the workers share that they bind by themselves: fixed ports and unix sockets (auto, the default), port 0 "
     "too (all), only what -p and -l ask for (listed), nothing (off)", false, true, ApplyAdopt},
    {"exclusive", 0, "PORT|0|unix:PATH", Group::LISTENERS,
     "what the workers do not share: the worker of slot k gets PORT+k, or PATH.k", true, true, ApplyExclusive},
    {"balance", 0, "rr|random|none", Group::LISTENERS,
     "how connections are spread: over a socket for each worker, in turn past busy ones or at random; or from one "
     "shared socket (none). Default: $NODE_CLUSTER_SCHED_POLICY, else rr",
     false, true, ApplyBalance},
    {"contract", 0, "LIST", Group::LISTENERS,
     "how the listeners are announced: auto, none, or names of --list contracts with commas", false, true,
     ApplyContract},

    {"jobs", 0, "", Group::LIFECYCLE,
     "the workers are jobs: run each to its end, restart none", false, true, ApplyJobs},
    {"then", 0, "COMMAND", Group::LIFECYCLE,
     "when the cluster is up, run this with sh -c; when it ends, stop and exit with its status", false, true,
     ApplyThen},
    {"ready", 0, "RULE", Group::LIFECYCLE,
     "what shows that a worker is ready: that it listens or says READY=1, else 3 s alive (auto); that it listens "
     "(listen), or does so at an address (listen:PORT); READY=1 (notify); that it executes (exec); to be alive for "
     "a DURATION. Makes a serving cluster",
     false, true, ApplyReady},
    {"ready-timeout", 0, "DURATION", Group::LIFECYCLE,
     "a worker that is not ready by then has failed (default 60s; 0: never)", false, true, ApplyReadyTimeout},
    {"restart", 0, "always|on-failure|no", Group::LIFECYCLE,
     "which workers are replaced when they end (default: always when serving, no for jobs); always and on-failure "
     "make a serving cluster",
     false, true, ApplyRestart},
    {"max-restarts", 0, "N/TIME", Group::LIFECYCLE,
     "a slot that needs more new workers than N in this time has failed and is tried again every 10 s "
     "(default 5/30s)", false, true, ApplyMaxRestarts},
    {"exit-ok", 0, "CODE[,CODE...]", Group::LIFECYCLE,
     "exit statuses of workers that count as success beside 0", false, true, ApplyExitOk},
    {"kill-others-on-fail", 0, "", Group::LIFECYCLE,
     "the first worker that fails ends all others", false, true, ApplyKillOthers},
    {"stop-signal", 0, "SIG|auto", Group::LIFECYCLE,
     "asks a worker to end (auto: QUIT for nginx, php-fpm, unicorn and uwsgi, WINCH for apache2, if it has a handler "
     "for it; else TERM)", false,
     true, ApplyStopSignal},
    {"stop-timeout", 0, "DURATION", Group::LIFECYCLE,
     "kill what has not ended so long after the stop began (default 8s)", false, true, ApplyStopTimeout},
    {"stop-delay", 0, "DURATION", Group::LIFECYCLE,
     "keep serving for so long before the stop signal is sent (default 0)", false, true, ApplyStopDelay},
    {"signal-group", 0, "", Group::LIFECYCLE,
     "send the stop signal and forwarded signals to the whole process group of a worker", false, true,
     ApplySignalGroup},
    {"die-with-parent", 0, "", Group::LIFECYCLE,
     "stop, as after TERM, when the parent process ends", false, true, ApplyDieWithParent},

    {"events", 0, "FILE|fd:N|-", Group::REPORTING,
     "append what happens as JSON, one object a line", false, true, ApplyEvents},
    {"log-level", 0, "LEVEL", Group::REPORTING,
     "error, warn, info or debug (default: info when serving, warn for jobs)", false, true, ApplyLogLevel},
    {"pid-file", 0, "FILE", Group::REPORTING,
     "hold the launcher's process id in a file while it runs", false, true, ApplyPidFile},
    {"dry-run", 0, "", Group::REPORTING,
     "print what would be done: each option with its value and where that comes from, the command, its variables; "
     "and end", false, true, ApplyDryRun},
    {"list", 0, "KIND", Group::REPORTING,
     "print a list of what can be named and end; --list lists names the kinds", false, false, ApplyNothing},
    {"version", 'V', "", Group::REPORTING, "print the version and end", false, false, ApplyNothing},
    {"help", 'h', "", Group::REPORTING, "print this help and end", false, false, ApplyNothing},
}};
// clang-format on

static_assert(util::NamesAreUnique(ROWS));
static_assert(util::NamesAreUnique(SHOWS));

/** Each row with its function of cli/ShowTable.hxx; what has none there does not compile. */
constexpr auto WithShows() {
    static_assert(SHOWS.size() == ROWS.size());
    auto rows = ROWS;
    for (OptionRow &row : rows)
        row.show = util::FindRow(SHOWS, row.name)->show;
    return rows;
}

constexpr auto OPTIONS = WithShows();

} // namespace

std::span<const OptionRow> OptionTable() noexcept {
    return OPTIONS;
}

std::string_view GroupName(Group group) noexcept {
    switch (group) {
    case Group::WORKERS:
        return "workers";
    case Group::LISTENERS:
        return "listeners";
    case Group::LIFECYCLE:
        return "lifecycle";
    case Group::REPORTING:
        return "reporting";
    }
    return "";
}

std::string VariableName(const OptionRow &row) {
    std::string name = "CLUSTERIZE_";
    for (const char c : row.name)
        name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return name;
}

} // namespace cli
