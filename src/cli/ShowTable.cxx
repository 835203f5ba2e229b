#include "cli/ShowTable.hxx"
#include "adopt/Tier.hxx"
#include "plan/StopSignal.hxx"
#include "sys/SignalNames.hxx"

#include <csignal>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace cli {

namespace {

/** What was said last; nullopt: nothing. */
std::optional<std::string_view> LastWord(const plan::Plan &plan, std::string_view option) {
    std::optional<std::string_view> word;
    for (const plan::Said &said : plan.said)
        if (said.option == option)
            word = said.value;
    return word;
}

bool IsAuto(const plan::Plan &plan, std::string_view option) {
    return LastWord(plan, option).value_or("auto") == "auto";
}

std::string_view BaseName(std::string_view path) noexcept {
    return path.substr(path.rfind('/') + 1);
}

} // namespace

std::string ShowWorkers(const plan::Plan &plan) {
    const auto word = LastWord(plan, "workers");
    const auto count = plan::ParseWorkerCount(word.value_or("auto"));
    const bool is_number = count && count->form == plan::WorkerCount::Form::NUMBER;
    if (is_number || (!word && plan.listeners.empty()))
        return std::to_string(plan.pool.slots);
    return fmt::format("{} ({}: {})", plan.pool.slots, word.value_or("auto"),
                       plan::ExplainAutoWorkers());
}

std::string ShowUser(const plan::Plan &plan) {
    const spawn::Ids &ids = plan.pool.worker->ids;
    if (!ids.uid)
        return "";
    std::string text = std::to_string(*ids.uid);
    if (ids.gid)
        text.append(":").append(std::to_string(*ids.gid));
    if (ids.groups)
        text += fmt::format(" (groups {})", fmt::join(*ids.groups, ","));
    return text;
}

std::string ShowGroup(const plan::Plan &plan) {
    const auto &gid = plan.pool.worker->ids.gid;
    return gid ? std::to_string(*gid) : "";
}

std::string ShowCpus(const plan::Plan &plan) {
    return fmt::format("{}", fmt::join(plan.pool.worker->cpus, ","));
}

std::string ShowOutput(const plan::Plan &plan) {
    if (plan.output.mode == output::Mode::FILE)
        return plan.output.path;
    for (const output::ModeRow &row : output::MODES)
        if (row.mode == plan.output.mode)
            return std::string(row.name);
    return "";
}

std::string ShowBacklog(const plan::Plan &plan) {
    return plan.listeners.empty() ? "" : std::to_string(plan.listeners.front().backlog);
}

std::string ShowAdopt(const plan::Plan &plan) {
    for (const adopt::ModeRow &row : adopt::MODES)
        if (row.mode == plan.adopt.mode)
            return row.mode == adopt::Mode::OFF
                       ? std::string(row.name)
                       : fmt::format("{} ({})", row.name,
                                     adopt::Describe(adopt::FindTier(row.mode)));
    return "";
}

/** The way as far as it is known before a socket is there. */
std::string ShowBalance(const plan::Plan &plan) {
    net::TierReport report = {"no listener", ""};
    for (const net::ListenSpec &spec : plan.listeners) {
        const bool group = plan.pool.slots > 1 && spec.source == net::ListenSpec::Source::OPENED &&
                           spec.at.address.Family() != AF_UNIX;
        report.tier = balance::SHARED_QUEUE;
        if (!group)
            continue;
        report = plan.policy->foresee(spec.at.type);
        break; // as the event setup does
    }
    return report.lacks.empty()
               ? fmt::format("{} ({})", plan.policy->name, report.tier)
               : fmt::format("{} ({}: {})", plan.policy->name, report.tier, report.lacks);
}

std::string ShowContracts(const plan::Plan &plan) {
    std::string names;
    for (const contract::Contract *contract : plan.pool.worker->contracts)
        names.append(names.empty() ? "" : ",").append(contract->name);
    if (names.empty())
        return "none";
    return IsAuto(plan, "contract") ? names + " (auto)" : names;
}

/** Jobs have none. */
std::string ShowReady(const plan::Plan &plan) {
    const pool::ReadySpec &ready = plan.pool.ready;
    if (!plan.pool.serving)
        return "";
    if (ready.at)
        return "listen:" + ready.at->text;
    for (const pool::ReadyRuleRow &row : pool::READY_RULES)
        if (row.by == ready.by && ready.by != pool::ReadyBy::TIME)
            return std::string(row.name);
    return ShowDuration(ready.alive);
}

std::string ShowReadyTimeout(const plan::Plan &plan) {
    const auto timeout = pool::ReadyRule(plan.pool.ready).Timeout();
    return plan.pool.serving && timeout.count() != 0 ? ShowDuration(timeout) : "";
}

std::string ShowRestart(const plan::Plan &plan) {
    if (!plan.pool.serving)
        return "no";
    for (const pool::RestartWhenRow &row : pool::RESTARTS)
        if (row.when == plan.pool.restart.when)
            return std::string(row.name);
    return "";
}

std::string ShowMaxRestarts(const plan::Plan &plan) {
    return fmt::format("{}/{}", plan.pool.restart.most, ShowDuration(plan.pool.restart.within));
}

std::string ShowExitOk(const plan::Plan &plan) {
    return fmt::format("{}", fmt::join(plan.pool.restart.exit_ok, ","));
}

std::string ShowStopSignal(const plan::Plan &plan) {
    const int signo = plan.pool.stop.signo;
    std::string name = sys::SignalName(signo);
    if (!IsAuto(plan, "stop-signal"))
        return name;
    const std::vector<std::string> &command = plan.pool.worker->command;
    if (plan::AutoStopSignal(command, {}) == signo && signo != SIGTERM)
        return fmt::format("{} (auto: the command is {})", name, BaseName(command.front()));
    for (const contract::Contract *contract : plan.pool.worker->contracts)
        if (contract->stop_signal == signo)
            return fmt::format("{} (auto: contract {})", name, contract->name);
    return name + " (auto)";
}

std::string ShowLogLevel(const plan::Plan &plan) {
    for (const report::LevelRow &row : report::LEVELS)
        if (row.level == plan.log_level)
            return std::string(row.name);
    return "";
}

std::string ShowFlag(bool set) {
    return set ? "yes" : "no";
}

std::string ShowDuration(util::Duration duration) {
    const auto count = duration.count();
    return count % 1000 == 0 ? fmt::format("{}s", count / 1000) : fmt::format("{}ms", count);
}

std::string ShowNamed(const std::optional<plan::Named> &named) {
    return named ? named->value : "";
}

std::string ShowUses(const plan::Plan &) {
    return "";
}

} // namespace cli
