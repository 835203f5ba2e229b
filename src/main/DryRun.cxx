#include "main/DryRun.hxx"
#include "cli/OptionTable.hxx"
#include "main/ExitCode.hxx"
#include "net/OpenSocket.hxx"
#include "pool/WorkerSpec.hxx"
#include "spawn/Launcher.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <unistd.h>

namespace launcher {

namespace {

constexpr std::string_view NONE = "-";

/** Control characters and backslashes as in C; blanks too in what must stay one word. */
std::string Escape(std::string_view text, bool one_word) {
    std::string escaped;
    for (const char c : text)
        if (c == '\\')
            escaped += "\\\\";
        else if (c == '\n')
            escaped += "\\n";
        else if (c == '\t')
            escaped += "\\t";
        else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f' || (one_word && c == ' '))
            escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else
            escaped += c;
    return escaped.empty() ? std::string(NONE) : escaped;
}

/** Kind, name, source, value, in columns. */
class Lines {
public:
    void Add(std::string_view kind, std::string_view name, std::string_view source,
             std::string_view value) {
        lines.push_back(
            {std::string(kind), Escape(name, true), Escape(source, true), Escape(value, false)});
    }

    std::string Render() const {
        std::array<std::size_t, 3> widths = {};
        for (const Line &line : lines)
            for (std::size_t i = 0; i < widths.size(); i++)
                widths[i] = std::max(widths[i], line[i].size());
        std::string text;
        for (const Line &line : lines)
            fmt::format_to(std::back_inserter(text), "{:{}}  {:{}}  {:{}}  {}\n", line[0],
                           widths[0], line[1], widths[1], line[2], widths[2], line[3]);
        return text;
    }

private:
    using Line = std::array<std::string, 4>;
    std::vector<Line> lines;
};

std::string Source(const plan::Said *said) {
    if (said == nullptr)
        return "default";
    return said->source.starts_with("--") ? "command-line" : said->source;
}

const plan::Said *LastUse(const plan::Plan &plan, std::string_view option) noexcept {
    const plan::Said *last = nullptr;
    for (const plan::Said &said : plan.said)
        if (said.option == option)
            last = &said;
    return last;
}

void AddOptions(const plan::Plan &plan, Lines &lines) {
    for (const cli::OptionRow &row : cli::OptionTable()) {
        if (row.show == nullptr)
            continue;
        const plan::Said *last = LastUse(plan, row.name);
        if (row.repeatable)
            for (const plan::Said &said : plan.said)
                if (said.option == row.name)
                    lines.Add("option", row.name, Source(&said), said.value);
        if (!row.repeatable || last == nullptr)
            lines.Add("option", row.name, Source(last), row.show(plan));
    }
}

/** Those of the plan as a worker will find them, as far as that can be told before they are
 *  opened. */
std::vector<net::ListenSpec> Foresee(const plan::Plan &plan) {
    std::vector<net::ListenSpec> listeners = plan.listeners;
    for (net::ListenSpec &spec : listeners) {
        if (spec.source == net::ListenSpec::Source::INHERITED)
            (void)net::TakeInherited(spec); // looks at it; this process ends without using it
        if (spec.name.empty())
            spec.name = net::DefaultName(spec.at);
    }
    return listeners;
}

contract::Handover MakeHandover(const plan::Plan &plan,
                                const std::vector<net::ListenSpec> &listeners) {
    contract::Handover handover;
    spawn::ChildDescriptors fds;
    for (const net::ListenSpec &spec : listeners)
        handover.listeners.push_back({fds.Add(sys::Fd()), &spec});
    handover.id = 1;
    handover.workers = plan.pool.slots;
    handover.generation = 1;
    return handover;
}

void AddListeners(const contract::Handover &handover, Lines &lines) {
    for (const contract::Handed &handed : handover.listeners) {
        const net::Endpoint &at = handed.spec->at;
        const std::string_view type = !handed.IsInet()        ? "unix"
                                      : at.type == SOCK_DGRAM ? "udp"
                                                              : "tcp";
        lines.Add("listener", handed.spec->name, fmt::format("fd:{}", handed.fd),
                  fmt::format("{} {}", type, at.address.ToString()));
    }
}

/** What one contract sets, by name; "-" where that is only known at the start. */
using Variables = std::map<std::string, std::string>;

template <typename Render> Variables VariablesOf(contract::Handover handover, Render render) {
    Variables variables;
    // Twice: what is another value then depends on the start.
    for (const int round : {1, 2}) {
        handover.launcher = round;
        const std::string run = std::to_string(round);
        handover.run = run;
        spawn::Environment environment;
        render(handover, environment);
        for (const std::string &entry : environment.Entries()) {
            const auto equals = entry.find('=');
            const std::string name = entry.substr(0, equals), value = entry.substr(equals + 1);
            const auto [known, is_new] = variables.emplace(name, value);
            if (!is_new && known->second != value)
                known->second = std::string(NONE);
        }
        for (const std::string_view name : environment.LateNames())
            variables.insert_or_assign(std::string(name), std::string(NONE));
    }
    return variables;
}

void AddVariables(const plan::Plan &plan, const contract::Handover &handover,
                  const spawn::LaunchSpec &launch, Lines &lines) {
    const auto add = [&](std::string_view source, const Variables &variables) {
        for (const auto &variable : variables) {
            // One that a later contract or --env has set as well is told there.
            const auto in_force = launch.env.Find(variable.first);
            if (!in_force || variable.second == NONE || *in_force == variable.second)
                lines.Add("variable", variable.first, source, variable.second);
        }
    };
    for (const auto &variable : plan.pool.worker->account)
        if (variable.second && launch.env.Find(variable.first) == *variable.second)
            lines.Add("variable", variable.first, "--user", *variable.second);
    add("always", VariablesOf(handover, contract::RenderAlways));
    for (const contract::Contract *contract : plan.pool.worker->contracts)
        add(contract->name, VariablesOf(handover, contract->render));
    if (plan.notify && !launch.env.Find("NOTIFY_SOCKET")) {
        const auto &contracts = plan.pool.worker->contracts;
        const auto row =
            std::find_if(contracts.begin(), contracts.end(),
                         [](const contract::Contract *contract) { return contract->notifies; });
        lines.Add("variable", "NOTIFY_SOCKET", row != contracts.end() ? (*row)->name : "--ready",
                  NONE);
    }
    for (const auto &assignment : plan.pool.worker->assignments)
        lines.Add("variable", assignment.first, "--env",
                  launch.env.Find(assignment.first).value_or(""));
}

struct Program {
    std::string path; // empty: there is none
    spawn::LaunchFailure failure; // then
};

/** Where exec will find the command, and what will fail where it does not. */
Program FindProgram(const spawn::LaunchSpec &launch) {
    spawn::LaunchFailure failure = {spawn::ExecStage::EXEC, ENOENT};
    for (const std::string &path : launch.paths) {
        const bool relative = !path.starts_with('/') && !launch.directory.empty();
        const std::string full = relative ? launch.directory + "/" + path : path;
        if (access(full.c_str(), X_OK) == 0)
            return {path, failure};
        if (errno == EACCES)
            failure.error = EACCES;
    }
    return {"", failure};
}

spawn::LaunchSpec MakeLaunch(const plan::Plan &plan, const contract::Handover &handover) {
    return pool::MakeLaunchSpec(*plan.pool.worker, handover, {});
}

} // namespace

std::string RenderPlan(const plan::Plan &plan) {
    Lines lines;
    const auto listeners = Foresee(plan);
    const auto handover = MakeHandover(plan, listeners);
    const auto launch = MakeLaunch(plan, handover);
    AddOptions(plan, lines);
    AddListeners(handover, lines);
    const bool is_path = launch.argv.front().find('/') != std::string::npos;
    lines.Add("program", NONE, is_path ? "command-line" : "PATH", FindProgram(launch).path);
    for (std::size_t i = 0; i < launch.argv.size(); i++)
        lines.Add("argument", std::to_string(i), "command-line", launch.argv[i]);
    for (const contract::Contract *contract : plan.pool.worker->contracts)
        lines.Add("contract", contract->name, Source(LastUse(plan, "contract")), contract->help);
    AddVariables(plan, handover, launch, lines);
    return lines.Render();
}

int Rehearse(const plan::Plan &plan) {
    if (plan.log_level >= report::Level::WARN)
        for (const std::string &warning : plan.warnings)
            std::fprintf(stderr, "clusterize: %s\n", warning.c_str());
    const std::string text = RenderPlan(plan);
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
        std::fputs("clusterize: cannot write to standard output\n", stderr);
        return OWN_FAILURE;
    }
    const auto listeners = plan.listeners;
    const auto launch = MakeLaunch(plan, MakeHandover(plan, listeners));
    const Program program = FindProgram(launch);
    if (!program.path.empty())
        return EXIT_SUCCESS;
    std::fprintf(stderr, "clusterize: %s\n", spawn::Describe(program.failure, launch).c_str());
    pool::Outcome outcome;
    outcome.launch_failure = program.failure;
    return ExitCode(outcome);
}

} // namespace launcher
