/** The table in ARCHITECTURE.md is the one that the pool goes by. */

#include "pool/Lifecycle.hxx"
#include "harness/Harness.hxx"

#include <string>

using namespace pool;

namespace {

std::string Cell(State state, const Step &step) {
    if (step.action == Action::IMPOSSIBLE)
        return "";
    if (step.next == state && step.action == Action::NONE)
        return " stays";
    const std::string next = " " + std::string(STATE_NAMES[Index(step.next)]);
    return step.action == Action::NONE
               ? next
               : next + ": " + std::string(ACTION_NAMES[Index(step.action)]);
}

std::string Render() {
    std::string head = "| state |", rule = "|---|", rows;
    for (const std::string_view trigger : TRIGGER_NAMES) {
        head += " " + std::string(trigger) + " |";
        rule += "---|";
    }
    for (std::size_t state = 0; state < STATES; state++) {
        rows += "| " + std::string(STATE_NAMES[state]) + " |";
        for (const Step &step : LIFECYCLE[state])
            rows += Cell(static_cast<State>(state), step) + " |";
        rows += "\n";
    }
    return head + "\n" + rule + "\n" + rows;
}

} // namespace

TEST_CASE("ARCHITECTURE has the lifecycle table as it is") {
    const std::string begin = "<!-- lifecycle -->\n", end = "<!-- /lifecycle -->";
    const std::string text = harness::ReadFile(std::string(SOURCE_ROOT) + "/ARCHITECTURE.md");
    const auto from = text.find(begin), to = text.find(end);
    REQUIRE(from != std::string::npos);
    REQUIRE(to != std::string::npos);
    // What it should be is printed where it is not, to be put between the marks.
    CHECK(text.substr(from + begin.size(), to - from - begin.size()) == Render());
}
