#include "LifecycleTable.hxx"
#include "pool/Lifecycle.hxx"

#include <algorithm>
#include <utility>

using namespace pool;

namespace {

std::vector<LifeRow> SlotLife() {
    std::vector<LifeRow> rows;
    for (std::size_t state = 0; state < STATES; state++)
        for (std::size_t trigger = 0; trigger < TRIGGERS; trigger++) {
            const Step &step = LIFECYCLE[state][trigger];
            if (step.action != Action::IMPOSSIBLE)
                rows.push_back(
                    {STATE_NAMES[state], TRIGGER_NAMES[trigger], STATE_NAMES[Index(step.next)],
                     step.action == Action::NONE ? "" : ACTION_NAMES[Index(step.action)]});
        }
    return rows;
}

/** The state that it leads to, and the action. */
std::string Effect(const LifeRow &row) {
    std::string effect(row.next == row.state ? "stays" : row.next);
    if (!row.action.empty())
        effect.append(": ").append(row.action);
    return effect;
}

/** All ways out of one state; triggers with the same effect stand together. */
std::string Ways(const std::vector<LifeRow> &rows, std::string_view state) {
    std::vector<std::pair<std::string, std::string>> ways; // effect, triggers
    for (const LifeRow &row : rows) {
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

std::string RenderLife(const std::vector<LifeRow> &rows) {
    std::string text = "| state | trigger → next state: action |\n|---|---|\n";
    std::string_view last;
    for (const LifeRow &row : rows)
        if (row.state != last) {
            last = row.state;
            text.append("| ").append(last).append(" | ").append(Ways(rows, last)).append(" |\n");
        }
    return text;
}

std::vector<LifeTable> LifeTables() {
    return {{"slot-life", SlotLife()}};
}
