#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace unit {

/** The cells of a life table that can happen, one a line: "state, trigger: next[, action]". */
template <typename Life, typename State, typename Trigger, std::size_t STATES, std::size_t TRIGGERS,
          std::size_t ACTIONS>
std::string WriteDown(const Life &life, const std::array<std::string_view, STATES> &states,
                      const std::array<std::string_view, TRIGGERS> &triggers,
                      const std::array<std::string_view, ACTIONS> &actions) {
    std::string text;
    for (std::size_t state = 0; state < STATES; state++)
        for (std::size_t trigger = 0; trigger < TRIGGERS; trigger++) {
            const auto &step = life.At(static_cast<State>(state), static_cast<Trigger>(trigger));
            const std::string_view action = actions[static_cast<std::size_t>(step.action)];
            if (action == "impossible")
                continue;
            text.append(states[state]).append(", ").append(triggers[trigger]).append(": ");
            text.append(states[static_cast<std::size_t>(step.next)]);
            text.append(action.empty() ? "" : ", ").append(action).append("\n");
        }
    return text;
}

/** The states that can be reached from `from`. */
template <typename Life, typename State, typename Trigger, std::size_t STATES, std::size_t TRIGGERS>
std::set<State> ReachableFrom(const Life &life, State from) {
    std::set<State> reached = {from};
    for (bool more = true; more;) {
        more = false;
        for (const State state : std::set<State>(reached))
            for (std::size_t trigger = 0; trigger < TRIGGERS; trigger++)
                more = reached.insert(life.At(state, static_cast<Trigger>(trigger)).next).second ||
                       more;
    }
    return reached;
}

} // namespace unit
