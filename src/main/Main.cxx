#include "cli/CommandLine.hxx"
#include "cli/Lists.hxx"
#include "cli/ReadOptions.hxx"
#include "contract/Consumed.hxx"
#include "main/Cluster.hxx"
#include "main/DryRun.hxx"
#include "main/ExitCode.hxx"
#include "main/LogIsJournal.hxx"
#include "main/Version.hxx"
#include "report/Level.hxx"
#include "sys/Accounts.hxx"
#include "sys/Limits.hxx"
#include "sys/NullDevice.hxx"
#include "sys/ParentDeath.hxx"
#include "sys/Terminal.hxx"
#include "util/UserError.hxx"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>
#include <sys/resource.h>
#include <unistd.h>

using namespace launcher;

namespace {

/** --help, --version, --list: the first one named. */
std::optional<std::string> Answer(const cli::CommandLine &line) {
    for (const cli::Use &use : line.uses) {
        if (use.row->name == "help")
            return cli::RenderHelp();
        if (use.row->name == "version")
            return fmt::format("clusterize {}\n", VERSION);
        if (use.row->name == "list")
            return cli::RenderList(use.value);
    }
    return std::nullopt;
}

/** Reads what the launcher is told by its command line and its environment. */
plan::Plan MakePlan(const cli::CommandLine &line, bool has_terminal) {
    std::vector<std::string> warnings;
    plan::Surroundings surroundings;
    surroundings.environment = spawn::Environment(environ);
    surroundings.has_terminal = has_terminal;
    surroundings.descriptor_limit = sys::RaiseDescriptorLimit();
    if (const auto count = surroundings.environment.Find("WEB_CONCURRENCY");
        count && !count->empty())
        surroundings.web_concurrency = *count;
    auto activation = net::ReadActivation(
        [&surroundings](std::string_view name) { return surroundings.environment.Find(name); },
        getpid());
    surroundings.activation = std::move(activation.activation);
    if (const auto socket = surroundings.environment.Find("NOTIFY_SOCKET"))
        surroundings.notify_socket = *socket;
    if (const auto time = surroundings.environment.Find("WATCHDOG_USEC"))
        surroundings.watchdog.time = *time;
    if (const auto pid = surroundings.environment.Find("WATCHDOG_PID"))
        surroundings.watchdog.pid = *pid;
    contract::RemoveConsumed(surroundings.environment);

    const sys::Accounts accounts;
    const net::Activation *handed = surroundings.activation ? &*surroundings.activation : nullptr;
    plan::Options options =
        cli::ReadOptions(line, surroundings.environment,
                         {accounts, {accounts, handed, activation.lacks}, {}}, warnings);
    if (options.command.empty())
        throw util::UserError("no command to start: clusterize [OPTION...] [--] COMMAND [ARG...]; "
                              "see clusterize --help");
    plan::Plan plan = plan::Build(std::move(options), std::move(surroundings));
    plan.warnings.insert(plan.warnings.begin(), warnings.begin(), warnings.end());
    return plan;
}

/** Ends as the terminal's signal would have ended a program that does not handle it, so that a
 *  shell's loop ends too; without a core file, for nothing has crashed. */
[[noreturn]] void DieOf(int signo) noexcept {
    const rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    signal(signo, SIG_DFL);
    raise(signo);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signo);
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
    _exit(128 + signo); // not reached: the signal was pending
}

int Fail(const char *message) noexcept {
    const bool journal = LogIsJournal();
    std::fprintf(stderr, "%sclusterize: %s\n",
                 journal ? report::PriorityMark(report::Level::ERROR).data() : "", message);
    return OWN_FAILURE;
}

} // namespace

int main(int argc, char **argv) {
    const pid_t parent = getppid(); // as early as possible: it may end any moment
    int ended_by = 0, status = OWN_FAILURE;
    try {
        sys::FillStandardDescriptors();
        const cli::CommandLine line = cli::ParseCommandLine(argc, argv);
        if (const auto answer = Answer(line)) {
            const bool written =
                std::fputs(answer->c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
            return written ? EXIT_SUCCESS : Fail("cannot write to standard output");
        }
        const bool has_terminal = sys::HasTerminal();
        plan::Plan plan = MakePlan(line, has_terminal);
        if (plan.dry_run)
            return Rehearse(plan);
        if (plan.die_with_parent)
            sys::DieWithParent(parent);
        Cluster cluster(std::move(plan), has_terminal);
        status = cluster.Run();
        ended_by = cluster.EndedBy();
    } catch (const std::exception &error) {
        return Fail(error.what());
    }
    if (ended_by != 0 && getpid() != 1)
        DieOf(ended_by);
    return status;
}
