#include "cli/Lists.hxx"
#include "adopt/Modes.hxx"
#include "balance/Policies.hxx"
#include "cli/OptionTable.hxx"
#include "cli/StatusTable.hxx"
#include "contract/Contracts.hxx"
#include "contract/Template.hxx"
#include "output/Modes.hxx"
#include "pool/ReadyRule.hxx"
#include "pool/RestartPolicy.hxx"
#include "report/Event.hxx"
#include "report/Level.hxx"
#include "sys/SignalNames.hxx"
#include "util/Table.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <csignal>
#include <fmt/format.h>
#include <iterator>

namespace cli {

namespace {

template <typename Table> std::string RenderRows(const Table &table) {
    std::size_t width = 0;
    for (const auto &row : table)
        width = std::max(width, row.name.size());
    std::string text;
    for (const auto &row : table)
        fmt::format_to(std::back_inserter(text), "{:{}}  {}\n", row.name, width, row.help);
    return text;
}

std::string RenderOptions() {
    std::string text;
    for (const OptionRow &row : OptionTable())
        fmt::format_to(std::back_inserter(text), "--{:14}{} {:18} {}: {}\n", row.name,
                       row.letter != 0 ? fmt::format(" -{}", row.letter) : "   ", row.value,
                       GroupName(row.group), row.help);
    return text;
}

std::string RenderSignals() {
    std::string text;
    for (int signo = 1; signo < SIGRTMIN; signo++)
        if (const char *help = sigdescr_np(signo); help != nullptr)
            fmt::format_to(std::back_inserter(text), "{:8} {}\n", sys::SignalName(signo).substr(3),
                           help);
    return text;
}

std::string RenderContracts() {
    return RenderRows(contract::CONTRACTS);
}
std::string RenderListeners() {
    return RenderRows(net::LISTENER_KINDS);
}
std::string RenderAdoption() {
    return RenderRows(adopt::MODES);
}
std::string RenderBalance() {
    return RenderRows(balance::POLICIES);
}
std::string RenderEvents() {
    return RenderRows(report::EVENTS);
}
std::string RenderReady() {
    return RenderRows(pool::READY_RULES);
}
std::string RenderRestarts() {
    return RenderRows(pool::RESTARTS);
}
std::string RenderOutputs() {
    return RenderRows(output::MODES);
}
std::string RenderLevels() {
    return RenderRows(report::LEVELS);
}
std::string RenderStatuses() {
    return RenderRows(STATUSES);
}
std::string RenderTemplates() {
    return RenderRows(contract::TEMPLATES);
}
std::string RenderLists();

struct ListRow {
    std::string_view name, help;
    std::string (*render)();
};

constexpr std::array<ListRow, 14> LISTS = {{
    {"options", "the options, with their groups", RenderOptions},
    {"listeners", "forms of address for --port and --listen", RenderListeners},
    {"contracts", "values of --contract, beside auto and none", RenderContracts},
    {"adoption", "values of --adopt", RenderAdoption},
    {"balance", "values of --balance", RenderBalance},
    {"templates", "what expands in --env and, with --expand, in arguments", RenderTemplates},
    {"ready", "values of --ready", RenderReady},
    {"restarts", "values of --restart", RenderRestarts},
    {"signals", "values of --stop-signal, beside auto and RTMIN+N", RenderSignals},
    {"outputs", "values of --output", RenderOutputs},
    {"events", "what --events writes", RenderEvents},
    {"levels", "values of --log-level", RenderLevels},
    {"statuses", "exit statuses", RenderStatuses},
    {"lists", "this list", RenderLists},
}};

static_assert(util::NamesAreUnique(LISTS));

std::string RenderLists() {
    return RenderRows(LISTS);
}

constexpr std::size_t WIDTH = 79, INDENT = 26;

/** Appends words, wrapped at WIDTH, the lines after the first indented. */
void AppendWrapped(std::string &text, std::string_view words) {
    std::size_t column = INDENT;
    for (const std::string_view word : util::Split(words, ' ')) {
        if (column + 1 + word.size() > WIDTH) {
            text.append("\n").append(INDENT, ' ');
            column = INDENT;
        } else if (column > INDENT) {
            text += ' ';
            column++;
        }
        text += word;
        column += word.size();
    }
    text += '\n';
}

} // namespace

std::string RenderList(std::string_view kind) {
    const ListRow *row = util::FindRow(LISTS, kind);
    if (row == nullptr)
        throw util::UserError(
            fmt::format("--list {}: must be one of {}", util::Quote(kind), util::JoinNames(LISTS)));
    return row->render();
}

std::string RenderHelp() {
    std::string text = "Usage: clusterize [OPTION...] [--] COMMAND [ARG...]\n"
                       "Starts copies of a command that share ports, and keeps them running.\n";
    auto group = Group::REPORTING;
    for (const OptionRow &row : OptionTable()) {
        if (row.group != group)
            fmt::format_to(std::back_inserter(text), "\n{}:\n", GroupName(row.group));
        group = row.group;
        std::string names = row.letter != 0 ? fmt::format("  -{}, --{}", row.letter, row.name)
                                            : fmt::format("      --{}", row.name);
        if (!row.IsFlag())
            names.append(" ").append(row.value);
        if (names.size() + 2 > INDENT)
            names.append("\n").append(INDENT, ' ');
        else
            names.resize(INDENT, ' ');
        text += names;
        AppendWrapped(text, row.help);
    }
    text += "\nEvery option but the last three is also read from CLUSTERIZE_<OPTION>, repeated\n"
            "ones one a line, flags as 1 or 0; the command line wins.\n"
            "Durations are 500ms, 8s, 2m, 1h; a bare number is seconds.\n"
            "Exit status: the workers' own; 125 when clusterize itself fails, 126 or 127 when\n"
            "the command cannot be executed or found. More in clusterize(1).\n";
    return text;
}

} // namespace cli
