#include "pool/SlotLife.hxx"

namespace pool {

namespace {

using S = SlotState;
using T = SlotTrigger;
using A = SlotAction;

constexpr std::array<SlotLife::Row, 41> ROWS = {{
    {S::IDLE, T::DUE, S::RUNNING, A::START},
    {S::IDLE, T::REPLACE, S::IDLE, A::NONE},
    {S::IDLE, T::RENEW, S::IDLE, A::NONE},
    {S::IDLE, T::RETIRE, S::FINISHED, A::FINISH},

    {S::RUNNING, T::REPLACE, S::REPLACING, A::START_SUCCESSOR},
    {S::RUNNING, T::RENEW, S::RENEWING, A::LEAVE_FIRST},
    {S::RUNNING, T::RESTART, S::BACKOFF, A::SCHEDULE},
    {S::RUNNING, T::GIVE_UP, S::FAILED, A::FAIL},
    {S::RUNNING, T::NO_MORE, S::FINISHED, A::FINISH},
    {S::RUNNING, T::RETIRE, S::RETIRING, A::LEAVE},

    {S::REPLACING, T::REPLACE, S::REPLACING, A::NONE},
    {S::REPLACING, T::RENEW, S::REPLACING, A::NONE},
    {S::REPLACING, T::SUCCESSOR_READY, S::RUNNING, A::SWAP},
    {S::REPLACING, T::SUCCESSOR_LOST, S::RUNNING, A::KEEP},
    {S::REPLACING, T::RESTART, S::RUNNING, A::SWAP},
    {S::REPLACING, T::GIVE_UP, S::RUNNING, A::SWAP},
    {S::REPLACING, T::RETIRE, S::RETIRING, A::LEAVE},

    {S::RENEWING, T::DUE, S::RUNNING, A::START},
    {S::RENEWING, T::REPLACE, S::RENEWING, A::NONE},
    {S::RENEWING, T::RENEW, S::RENEWING, A::NONE},
    {S::RENEWING, T::RETIRE, S::RETIRING, A::LEAVE},

    {S::BACKOFF, T::DUE, S::RUNNING, A::START},
    {S::BACKOFF, T::REPLACE, S::RUNNING, A::START},
    {S::BACKOFF, T::RENEW, S::RUNNING, A::START},
    {S::BACKOFF, T::RETIRE, S::FINISHED, A::FINISH},

    {S::FAILED, T::DUE, S::RUNNING, A::START},
    {S::FAILED, T::REPLACE, S::RUNNING, A::START},
    {S::FAILED, T::RENEW, S::RUNNING, A::START},
    {S::FAILED, T::RETIRE, S::FINISHED, A::FINISH},

    {S::RETIRING, T::REPLACE, S::RETIRING, A::NONE},
    {S::RETIRING, T::RENEW, S::RETIRING, A::NONE},
    {S::RETIRING, T::SUCCESSOR_READY, S::RETIRING, A::NONE},
    {S::RETIRING, T::SUCCESSOR_LOST, S::RETIRING, A::NONE},
    {S::RETIRING, T::RESTART, S::RETIRING, A::NONE},
    {S::RETIRING, T::GIVE_UP, S::RETIRING, A::NONE},
    {S::RETIRING, T::NO_MORE, S::RETIRING, A::NONE},
    {S::RETIRING, T::RETIRE, S::RETIRING, A::LEAVE},
    {S::RETIRING, T::EMPTY, S::FINISHED, A::FINISH},

    {S::FINISHED, T::REPLACE, S::FINISHED, A::NONE},
    {S::FINISHED, T::RENEW, S::FINISHED, A::NONE},
    {S::FINISHED, T::RETIRE, S::FINISHED, A::NONE},
}};

} // namespace

constexpr SlotLife SLOT_LIFE{ROWS};

const std::span<const SlotLife::Row> SLOT_LIFE_ROWS = ROWS;

constexpr std::array<std::string_view, SLOT_STATES> SLOT_STATE_NAMES = {
    "idle", "running", "replacing", "renewing", "backoff", "failed", "retiring", "finished"};

constexpr std::array<std::string_view, SLOT_TRIGGERS> SLOT_TRIGGER_NAMES = {
    "due",     "replace", "renew",   "successor ready", "successor lost",
    "restart", "give up", "no more", "retire",          "empty"};

constexpr std::array<std::string_view, SLOT_ACTIONS> SLOT_ACTION_NAMES = {
    "",         "start", "start successor", "leave first", "swap",      "keep",
    "schedule", "fail",  "leave",           "finish",      "impossible"};

} // namespace pool
