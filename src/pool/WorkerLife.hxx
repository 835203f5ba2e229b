#pragma once

#include "pool/LifeTable.hxx"

#include <array>
#include <cstdint>
#include <string_view>

namespace pool {

/** Where a worker stands. Its process exists from STARTING to STOPPING. */
enum class WorkerState : std::uint8_t {
    STARTING, // it is forked; nothing shows yet that it serves
    READY, // it serves
    DRAINING, // its end was asked for; it still serves (--stop-delay)
    STOPPING, // it has got the stop signal
    CLEARING, // its process has ended; processes that it left behind are being ended
    GONE, // nothing is left of it
};

/** What can happen to a worker. */
enum class WorkerTrigger : std::uint8_t {
    START_FAILED, // it never executed its command, and its process is gone
    BECAME_READY,
    LATE, // the time to become ready has passed
    LEAVE, // its end is asked for
    DRAINED, // nothing keeps it from getting the stop signal
    TIME_OVER, // the stop timeout has passed, or somebody was impatient
    STUCK, // not even SIGKILL ends it
    ENDED, // its process is gone
    CLEARED, // nothing is left of it
};

/** What is done on the way from one state to the next. */
enum class WorkerAction : std::uint8_t {
    NONE,
    ACTIVATE, // new connections go to it
    SIGNAL, // the stop signal, once
    DISMISS, // the stop signal to a worker that has failed; the kill comes by its own timer
    KILL, // SIGKILL to the worker
    ABANDON, // it is given up: nobody waits for it any more
    CLEAR, // its slot learns of its end; find and end what it left behind; triggers CLEARED
    KILL_LEFT, // SIGKILL to them
    DEPART, // its slot learns that it is gone
    IMPOSSIBLE, // a bug: asserts
};

constexpr std::size_t WORKER_STATES = 6, WORKER_TRIGGERS = 9, WORKER_ACTIONS = 10;

using WorkerLife =
    LifeTable<WorkerState, WORKER_STATES, WorkerTrigger, WORKER_TRIGGERS, WorkerAction>;

/** The rows of the table, for the document and the tests. */
extern const std::span<const WorkerLife::Row> WORKER_LIFE_ROWS;

/** The whole life of a worker; nothing else decides about its states. */
extern const WorkerLife WORKER_LIFE;

extern const std::array<std::string_view, WORKER_STATES> WORKER_STATE_NAMES;
extern const std::array<std::string_view, WORKER_TRIGGERS> WORKER_TRIGGER_NAMES;
extern const std::array<std::string_view, WORKER_ACTIONS> WORKER_ACTION_NAMES;

/** Has it a process that signals can go to? */
constexpr bool HasProcess(WorkerState state) noexcept {
    return state < WorkerState::CLEARING;
}

} // namespace pool
