#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pool {

/** Where a slot stands; a worker's own states are STARTING to STOPPING. */
enum class State : std::uint8_t {
    IDLE, // its first worker was not started yet
    STARTING, // the worker executes, nothing shows yet that it serves
    READY, // it serves
    DRAINING, // its end was asked for, it still serves (--stop-delay)
    STOPPING, // it has got the stop signal
    CLEARING, // it has ended, what it left behind is being ended
    BACKOFF, // waits for its next worker
    FAILED, // the same, but it is over its limit of restarts: tried again now and then
    FINISHED, // gets no worker any more
};

/** What can happen to a slot. */
enum class Trigger : std::uint8_t {
    DUE, // start a worker now
    LAUNCH_FAILED, // there is none: exec or a step before it failed
    BECAME_READY,
    NOT_READY, // the time for that has passed
    STOP, // its end is asked for
    DRAINED, // nothing keeps it from being told to end
    TIME_OVER, // the stop timeout has passed, or somebody was impatient
    ENDED, // the worker's process is gone
    REPLACE, // nothing is left of it, and it is to have a successor
    GIVE_UP, // the same, but the slot is over its limit
    RETIRE, // nothing is left of it, and it is to have none
};

/** What is done on the way from one state to the next. */
enum class Action : std::uint8_t {
    NONE,
    LAUNCH, // start a worker; may trigger LAUNCH_FAILED
    ACTIVATE, // new connections go to it
    SIGNAL, // the stop signal, once
    DISMISS, // the same to a worker that has failed; triggers TIME_OVER
    KILL, // SIGKILL to the worker
    CLEAR, // find and end what it left behind; triggers REPLACE, GIVE_UP or RETIRE
    KILL_LEFT, // SIGKILL to what it left behind
    SCHEDULE, // start the clock until the next worker
    FAIL, // the same, and see whether any slot is left that has not failed
    FINISH, // see whether it was the last one
    IMPOSSIBLE, // a bug: asserts
};

struct Step {
    State next;
    Action action;
};

constexpr std::size_t STATES = static_cast<std::size_t>(State::FINISHED) + 1;
constexpr std::size_t TRIGGERS = static_cast<std::size_t>(Trigger::RETIRE) + 1;
constexpr std::size_t ACTIONS = static_cast<std::size_t>(Action::IMPOSSIBLE) + 1;

/** The whole life of a slot: row = state, column = trigger. Draining, reload and supervision fill cells
 *  of this table; nothing else decides about states. */
extern const std::array<std::array<Step, TRIGGERS>, STATES> LIFECYCLE;

extern const std::array<std::string_view, STATES> STATE_NAMES;
extern const std::array<std::string_view, TRIGGERS> TRIGGER_NAMES;
extern const std::array<std::string_view, ACTIONS> ACTION_NAMES;

constexpr std::size_t Index(State state) noexcept {
    return static_cast<std::size_t>(state);
}
constexpr std::size_t Index(Trigger trigger) noexcept {
    return static_cast<std::size_t>(trigger);
}
constexpr std::size_t Index(Action action) noexcept {
    return static_cast<std::size_t>(action);
}

/** Has the slot a process that signals can go to? */
constexpr bool HasWorker(State state) noexcept {
    return state == State::STARTING || state == State::READY || state == State::DRAINING ||
           state == State::STOPPING;
}

} // namespace pool
