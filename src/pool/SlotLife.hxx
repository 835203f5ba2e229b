#pragma once

#include "pool/LifeTable.hxx"

#include <array>
#include <cstdint>
#include <string_view>

namespace pool {

/** Where a slot stands. */
enum class SlotState : std::uint8_t {
    IDLE, // its first worker was not started yet
    RUNNING, // it has a current worker
    REPLACING, // and a successor that is not ready yet
    RENEWING, // its current worker ends, then the next one starts
    BACKOFF, // it waits for its next worker
    FAILED, // the same, but over its limit of restarts: tried again every ten seconds
    RETIRING, // its workers are ending, and it gets no more
    FINISHED, // it has no worker and gets none
};

/** What can happen to a slot. */
enum class SlotTrigger : std::uint8_t {
    DUE, // start a worker now
    REPLACE, // a successor for the current worker is asked for
    RENEW, // the same, but the two cannot be there at the same time
    SUCCESSOR_READY,
    SUCCESSOR_LOST, // it has failed, and nothing is left of it
    RESTART, // nothing is left of the current worker, and it gets a replacement
    GIVE_UP, // the same, but the slot is over its limit
    NO_MORE, // the same, and the slot gets no more workers
    RETIRE, // the end of all its workers is asked for
    EMPTY, // nothing is left of any of them
};

/** What is done on the way from one state to the next. */
enum class SlotAction : std::uint8_t {
    NONE,
    START, // start a worker as the current one
    START_SUCCESSOR,
    LEAVE_FIRST, // ask the current worker to end
    SWAP, // the successor becomes the current worker; the old one leaves, if it is not gone
    KEEP, // the current worker stays; the caller of Replace() learns that the successor failed
    SCHEDULE, // start the clock until the next worker
    FAIL, // the same, and see whether any slot is left that has not failed
    LEAVE, // ask all its workers to end
    FINISH, // its pool learns that it has finished
    IMPOSSIBLE, // a bug: asserts
};

constexpr std::size_t SLOT_STATES = 8, SLOT_TRIGGERS = 10, SLOT_ACTIONS = 11;

using SlotLife = LifeTable<SlotState, SLOT_STATES, SlotTrigger, SLOT_TRIGGERS, SlotAction>;

/** The rows of the table, for the document and the tests. */
extern const std::span<const SlotLife::Row> SLOT_LIFE_ROWS;

/** The whole life of a slot; nothing else decides about its states. */
extern const SlotLife SLOT_LIFE;

extern const std::array<std::string_view, SLOT_STATES> SLOT_STATE_NAMES;
extern const std::array<std::string_view, SLOT_TRIGGERS> SLOT_TRIGGER_NAMES;
extern const std::array<std::string_view, SLOT_ACTIONS> SLOT_ACTION_NAMES;

} // namespace pool
