#pragma once

#include "plan/Plan.hxx"

#include <array>
#include <string>
#include <string_view>

// How --dry-run shows the value of each option; for cli/OptionTable.cxx alone, which does not
// compile if an option has no row here.

namespace cli {

std::string ShowWorkers(const plan::Plan &plan);
std::string ShowUser(const plan::Plan &plan);
std::string ShowGroup(const plan::Plan &plan);
std::string ShowCpus(const plan::Plan &plan);
std::string ShowOutput(const plan::Plan &plan);
std::string ShowBacklog(const plan::Plan &plan);
std::string ShowAdopt(const plan::Plan &plan);
std::string ShowBalance(const plan::Plan &plan);
std::string ShowContracts(const plan::Plan &plan);
std::string ShowReady(const plan::Plan &plan);
std::string ShowReadyTimeout(const plan::Plan &plan);
std::string ShowRestart(const plan::Plan &plan);
std::string ShowMaxRestarts(const plan::Plan &plan);
std::string ShowExitOk(const plan::Plan &plan);
std::string ShowStopSignal(const plan::Plan &plan);
std::string ShowLogLevel(const plan::Plan &plan);

std::string ShowFlag(bool set);
std::string ShowDuration(util::Duration duration);
std::string ShowNamed(const std::optional<plan::Named> &named);

/** Repeatable ones: each use is a line of its own. */
std::string ShowUses(const plan::Plan &plan);

struct ShowRow {
    std::string_view name;
    std::string (*show)(const plan::Plan &plan); // empty: no value
};

// clang-format off
inline constexpr std::array SHOWS = {
    ShowRow{"workers", ShowWorkers},
    ShowRow{"env", ShowUses},
    ShowRow{"chdir", [](const plan::Plan &plan) { return plan.pool.worker->directory; }},
    ShowRow{"user", ShowUser},
    ShowRow{"group", ShowGroup},
    ShowRow{"cpu-affinity", ShowCpus},
    ShowRow{"expand", [](const plan::Plan &plan) { return ShowFlag(plan.pool.worker->expand_arguments); }},
    ShowRow{"stdin", [](const plan::Plan &plan) { return std::string(plan.pool.worker->null_stdin ? "null" : "inherit"); }},
    ShowRow{"output", ShowOutput},

    ShowRow{"port", ShowUses},
    ShowRow{"listen", ShowUses},
    ShowRow{"backlog", ShowBacklog},
    ShowRow{"adopt", ShowAdopt},
    ShowRow{"exclusive", ShowUses},
    ShowRow{"balance", ShowBalance},
    ShowRow{"contract", ShowContracts},

    ShowRow{"jobs", [](const plan::Plan &plan) { return ShowFlag(!plan.pool.serving); }},
    ShowRow{"then", [](const plan::Plan &plan) { return plan.then.value_or(""); }},
    ShowRow{"ready", ShowReady},
    ShowRow{"ready-timeout", ShowReadyTimeout},
    ShowRow{"restart", ShowRestart},
    ShowRow{"max-restarts", ShowMaxRestarts},
    ShowRow{"exit-ok", ShowExitOk},
    ShowRow{"kill-others-on-fail", [](const plan::Plan &plan) { return ShowFlag(plan.pool.kill_others_on_fail); }},
    ShowRow{"stop-signal", ShowStopSignal},
    ShowRow{"stop-timeout", [](const plan::Plan &plan) { return ShowDuration(plan.pool.stop.timeout); }},
    ShowRow{"stop-delay", [](const plan::Plan &plan) { return ShowDuration(plan.pool.stop.delay); }},
    ShowRow{"signal-group", [](const plan::Plan &plan) { return ShowFlag(plan.pool.worker->signal_group); }},
    ShowRow{"die-with-parent", [](const plan::Plan &plan) { return ShowFlag(plan.die_with_parent); }},

    ShowRow{"events", [](const plan::Plan &plan) { return ShowNamed(plan.events); }},
    ShowRow{"log-level", ShowLogLevel},
    ShowRow{"pid-file", [](const plan::Plan &plan) { return ShowNamed(plan.pid_file); }},
    ShowRow{"dry-run", [](const plan::Plan &plan) { return ShowFlag(plan.dry_run); }},
    ShowRow{"list", nullptr}, // no settings: they ask for an answer
    ShowRow{"version", nullptr},
    ShowRow{"help", nullptr},
};
// clang-format on

} // namespace cli
