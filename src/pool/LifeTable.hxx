#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string_view>

namespace pool {

/** One cell of a life: in `state`, `trigger` leads to `next`, and `action` is done on the way. */
template <typename State, typename Trigger, typename Action> struct LifeRow {
    State state;
    Trigger trigger;
    State next;
    Action action;
};

/** What a cell says. */
template <typename State, typename Action> struct LifeStep {
    State next;
    Action action;
};

/** A life as a table, state × trigger. A cell without a row cannot happen: its action is
 *  IMPOSSIBLE. Each enumeration counts from 0. */
template <typename State, std::size_t STATES, typename Trigger, std::size_t TRIGGERS,
          typename Action>
class LifeTable {
public:
    using Row = LifeRow<State, Trigger, Action>;
    using Step = LifeStep<State, Action>;

    /** Two rows for one cell do not compile. */
    template <std::size_t COUNT> explicit constexpr LifeTable(const std::array<Row, COUNT> &rows) {
        for (std::size_t state = 0; state < STATES; state++)
            for (Step &step : steps[state])
                step = {static_cast<State>(state), Action::IMPOSSIBLE};
        for (const Row &row : rows) {
            Step &step = steps[Index(row.state)][Index(row.trigger)];
            if (step.action != Action::IMPOSSIBLE)
                throw std::logic_error("two rows for one cell");
            step = {row.next, row.action};
        }
    }

    constexpr const Step &At(State state, Trigger trigger) const noexcept {
        return steps[Index(state)][Index(trigger)];
    }

private:
    template <typename Enum> static constexpr std::size_t Index(Enum value) noexcept {
        return static_cast<std::size_t>(value);
    }

    std::array<std::array<Step, TRIGGERS>, STATES> steps = {};
};

} // namespace pool
