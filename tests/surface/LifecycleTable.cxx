#include "LifecycleTable.hxx"
#include "pool/SlotLife.hxx"
#include "pool/WorkerLife.hxx"

#include <algorithm>
#include <utility>

using namespace pool;

namespace {

/** The rows of a life table in the words of the document. */
template <typename Rows, typename States, typename Triggers, typename Actions>
std::vector<TableRow> Name(const Rows &table, const States &states, const Triggers &triggers,
                           const Actions &actions) {
    const auto index = [](auto value) { return static_cast<std::size_t>(value); };
    std::vector<TableRow> rows;
    for (const auto &row : table)
        rows.push_back({states[index(row.state)], triggers[index(row.trigger)],
                        states[index(row.next)], actions[index(row.action)]});
    return rows;
}

/** The state that it leads to, and the action. */
std::string Effect(const TableRow &row) {
    std::string effect(row.next == row.state ? "stays" : row.next);
    if (!row.action.empty())
        effect.append(": ").append(row.action);
    return effect;
}

/** All ways out of one state; triggers with the same effect stand together. */
std::string Ways(const std::vector<TableRow> &rows, std::string_view state) {
    std::vector<std::pair<std::string, std::string>> ways; // effect, triggers
    for (const TableRow &row : rows) {
        if (row.state != state)
            continue;
        const std::string effect = Effect(row);
        auto way = std::find_if(ways.begin(), ways.end(),
                                [&effect](const auto &known) { return known.first == effect; });
        if (way == ways.end())
            way = ways.insert(way, {effect, ""});
        way->second.append(way->second.empty() ? "" : ", ").append(row.trigger);
    }
    std::string text;
    for (const auto &[effect, triggers] : ways)
        text.append(text.empty() ? "" : " · ").append(triggers).append(" → ").append(effect);
    return text;
}

} // namespace

std::string RenderTable(const std::vector<TableRow> &rows) {
    std::string text = "| state | trigger → next state: action |\n|---|---|\n";
    std::string_view last;
    for (const TableRow &row : rows)
        if (row.state != last) {
            last = row.state;
            text.append("| ").append(last).append(" | ").append(Ways(rows, last)).append(" |\n");
        }
    return text;
}

std::vector<DocumentTable> DocumentTables() {
    return {{"worker-life",
             Name(WORKER_LIFE_ROWS, WORKER_STATE_NAMES, WORKER_TRIGGER_NAMES, WORKER_ACTION_NAMES)},
            {"slot-life",
             Name(SLOT_LIFE_ROWS, SLOT_STATE_NAMES, SLOT_TRIGGER_NAMES, SLOT_ACTION_NAMES)}};
}
