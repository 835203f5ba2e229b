#include "LifecycleTable.hxx"
#include "pool/Lifecycle.hxx"

using namespace pool;

namespace {

std::string Cell(State state, const Step &step) {
    if (step.action == Action::IMPOSSIBLE)
        return "";
    if (step.next == state && step.action == Action::NONE)
        return " stays";
    std::string cell = " ";
    cell += STATE_NAMES[Index(step.next)];
    if (step.action != Action::NONE)
        cell.append(": ").append(ACTION_NAMES[Index(step.action)]);
    return cell;
}

} // namespace

std::string RenderLifecycle() {
    std::string head = "| state |", rule = "|---|", rows;
    for (const std::string_view trigger : TRIGGER_NAMES) {
        head.append(" ").append(trigger).append(" |");
        rule += "---|";
    }
    for (std::size_t state = 0; state < STATES; state++) {
        rows.append("| ").append(STATE_NAMES[state]).append(" |");
        for (const Step &step : LIFECYCLE[state])
            rows += Cell(static_cast<State>(state), step) + " |";
        rows += "\n";
    }
    return head + "\n" + rule + "\n" + rows;
}
