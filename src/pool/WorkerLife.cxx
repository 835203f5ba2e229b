#include "pool/WorkerLife.hxx"

namespace pool {

namespace {

using S = WorkerState;
using T = WorkerTrigger;
using A = WorkerAction;

constexpr std::array<WorkerLife::Row, 37> ROWS = {{
    {S::STARTING, T::START_FAILED, S::CLEARING, A::CLEAR},
    {S::STARTING, T::BECAME_READY, S::READY, A::ACTIVATE},
    {S::STARTING, T::LATE, S::STOPPING, A::DISMISS},
    {S::STARTING, T::LEAVE, S::DRAINING, A::NONE},
    {S::STARTING, T::STUCK, S::GONE, A::ABANDON},
    {S::STARTING, T::ENDED, S::CLEARING, A::CLEAR},

    {S::READY, T::BECAME_READY, S::READY, A::NONE},
    {S::READY, T::LEAVE, S::DRAINING, A::NONE},
    {S::READY, T::ENDED, S::CLEARING, A::CLEAR},

    {S::DRAINING, T::START_FAILED, S::CLEARING, A::CLEAR},
    {S::DRAINING, T::BECAME_READY, S::DRAINING, A::NONE},
    {S::DRAINING, T::LATE, S::DRAINING, A::NONE},
    {S::DRAINING, T::LEAVE, S::DRAINING, A::NONE},
    {S::DRAINING, T::DRAINED, S::STOPPING, A::SIGNAL},
    {S::DRAINING, T::TIME_OVER, S::STOPPING, A::KILL},
    {S::DRAINING, T::STUCK, S::GONE, A::ABANDON},
    {S::DRAINING, T::ENDED, S::CLEARING, A::CLEAR},

    {S::STOPPING, T::START_FAILED, S::CLEARING, A::CLEAR},
    {S::STOPPING, T::BECAME_READY, S::STOPPING, A::NONE},
    {S::STOPPING, T::LATE, S::STOPPING, A::NONE},
    {S::STOPPING, T::LEAVE, S::STOPPING, A::NONE},
    {S::STOPPING, T::DRAINED, S::STOPPING, A::NONE},
    {S::STOPPING, T::TIME_OVER, S::STOPPING, A::KILL},
    {S::STOPPING, T::STUCK, S::GONE, A::ABANDON},
    {S::STOPPING, T::ENDED, S::CLEARING, A::CLEAR},

    {S::CLEARING, T::BECAME_READY, S::CLEARING, A::NONE},
    {S::CLEARING, T::LATE, S::CLEARING, A::NONE},
    {S::CLEARING, T::LEAVE, S::CLEARING, A::NONE},
    {S::CLEARING, T::DRAINED, S::CLEARING, A::NONE},
    {S::CLEARING, T::TIME_OVER, S::CLEARING, A::KILL_LEFT},
    {S::CLEARING, T::CLEARED, S::GONE, A::DEPART},

    {S::GONE, T::BECAME_READY, S::GONE, A::NONE},
    {S::GONE, T::LATE, S::GONE, A::NONE},
    {S::GONE, T::LEAVE, S::GONE, A::NONE},
    {S::GONE, T::DRAINED, S::GONE, A::NONE},
    {S::GONE, T::TIME_OVER, S::GONE, A::NONE},
    {S::GONE, T::CLEARED, S::GONE, A::NONE},
}};

} // namespace

constexpr WorkerLife WORKER_LIFE{ROWS};

const std::span<const WorkerLife::Row> WORKER_LIFE_ROWS = ROWS;

constexpr std::array<std::string_view, WORKER_STATES> WORKER_STATE_NAMES = {
    "starting", "ready", "draining", "stopping", "clearing", "gone"};

constexpr std::array<std::string_view, WORKER_TRIGGERS> WORKER_TRIGGER_NAMES = {
    "start failed", "became ready", "late",  "leave",  "drained",
    "time over",    "stuck",        "ended", "cleared"};

constexpr std::array<std::string_view, WORKER_ACTIONS> WORKER_ACTION_NAMES = {
    "",        "activate", "signal",    "dismiss", "kill",
    "abandon", "clear",    "kill left", "depart",  "impossible"};

} // namespace pool
