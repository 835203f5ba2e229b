#include "pool/Lifecycle.hxx"

namespace pool {

namespace {

using S = State;
using A = Action;

constexpr Step BUG(State state) {
    return {state, A::IMPOSSIBLE};
}

constexpr Step STAY(State state) {
    return {state, A::NONE};
}

} // namespace

// clang-format off
constexpr std::array<std::array<Step, TRIGGERS>, STATES> LIFECYCLE = {{
    /* IDLE     */ {{
        /* DUE           */ {S::STARTING, A::LAUNCH},
        /* LAUNCH_FAILED */ BUG(S::IDLE),
        /* BECAME_READY  */ BUG(S::IDLE),
        /* NOT_READY     */ BUG(S::IDLE),
        /* STOP          */ {S::FINISHED, A::FINISH},
        /* DRAINED       */ BUG(S::IDLE),
        /* TIME_OVER     */ BUG(S::IDLE),
        /* ENDED         */ BUG(S::IDLE),
        /* REPLACE       */ BUG(S::IDLE),
        /* GIVE_UP       */ BUG(S::IDLE),
        /* RETIRE        */ BUG(S::IDLE),
    }},
    /* STARTING */ {{
        /* DUE           */ BUG(S::STARTING),
        /* LAUNCH_FAILED */ {S::CLEARING, A::CLEAR},
        /* BECAME_READY  */ {S::READY, A::ACTIVATE},
        /* NOT_READY     */ {S::STOPPING, A::DISMISS},
        /* STOP          */ STAY(S::DRAINING),
        /* DRAINED       */ BUG(S::STARTING),
        /* TIME_OVER     */ BUG(S::STARTING),
        /* ENDED         */ {S::CLEARING, A::CLEAR},
        /* REPLACE       */ BUG(S::STARTING),
        /* GIVE_UP       */ BUG(S::STARTING),
        /* RETIRE        */ BUG(S::STARTING),
    }},
    /* READY    */ {{
        /* DUE           */ BUG(S::READY),
        /* LAUNCH_FAILED */ BUG(S::READY),
        /* BECAME_READY  */ STAY(S::READY),
        /* NOT_READY     */ BUG(S::READY),
        /* STOP          */ STAY(S::DRAINING),
        /* DRAINED       */ BUG(S::READY),
        /* TIME_OVER     */ BUG(S::READY),
        /* ENDED         */ {S::CLEARING, A::CLEAR},
        /* REPLACE       */ BUG(S::READY),
        /* GIVE_UP       */ BUG(S::READY),
        /* RETIRE        */ BUG(S::READY),
    }},
    /* DRAINING */ {{
        /* DUE           */ BUG(S::DRAINING),
        /* LAUNCH_FAILED */ BUG(S::DRAINING),
        /* BECAME_READY  */ STAY(S::DRAINING),
        /* NOT_READY     */ STAY(S::DRAINING),
        /* STOP          */ STAY(S::DRAINING),
        /* DRAINED       */ {S::STOPPING, A::SIGNAL},
        /* TIME_OVER     */ {S::STOPPING, A::KILL},
        /* ENDED         */ {S::CLEARING, A::CLEAR},
        /* REPLACE       */ BUG(S::DRAINING),
        /* GIVE_UP       */ BUG(S::DRAINING),
        /* RETIRE        */ BUG(S::DRAINING),
    }},
    /* STOPPING */ {{
        /* DUE           */ BUG(S::STOPPING),
        /* LAUNCH_FAILED */ BUG(S::STOPPING),
        /* BECAME_READY  */ STAY(S::STOPPING),
        /* NOT_READY     */ STAY(S::STOPPING),
        /* STOP          */ STAY(S::STOPPING),
        /* DRAINED       */ STAY(S::STOPPING),
        /* TIME_OVER     */ {S::STOPPING, A::KILL},
        /* ENDED         */ {S::CLEARING, A::CLEAR},
        /* REPLACE       */ BUG(S::STOPPING),
        /* GIVE_UP       */ BUG(S::STOPPING),
        /* RETIRE        */ BUG(S::STOPPING),
    }},
    /* CLEARING */ {{
        /* DUE           */ BUG(S::CLEARING),
        /* LAUNCH_FAILED */ BUG(S::CLEARING),
        /* BECAME_READY  */ STAY(S::CLEARING),
        /* NOT_READY     */ BUG(S::CLEARING),
        /* STOP          */ STAY(S::CLEARING),
        /* DRAINED       */ STAY(S::CLEARING),
        /* TIME_OVER     */ {S::CLEARING, A::KILL_LEFT},
        /* ENDED         */ BUG(S::CLEARING),
        /* REPLACE       */ {S::BACKOFF, A::SCHEDULE},
        /* GIVE_UP       */ {S::FAILED, A::FAIL},
        /* RETIRE        */ {S::FINISHED, A::FINISH},
    }},
    /* BACKOFF  */ {{
        /* DUE           */ {S::STARTING, A::LAUNCH},
        /* LAUNCH_FAILED */ BUG(S::BACKOFF),
        /* BECAME_READY  */ STAY(S::BACKOFF),
        /* NOT_READY     */ BUG(S::BACKOFF),
        /* STOP          */ {S::FINISHED, A::FINISH},
        /* DRAINED       */ BUG(S::BACKOFF),
        /* TIME_OVER     */ BUG(S::BACKOFF),
        /* ENDED         */ BUG(S::BACKOFF),
        /* REPLACE       */ BUG(S::BACKOFF),
        /* GIVE_UP       */ BUG(S::BACKOFF),
        /* RETIRE        */ BUG(S::BACKOFF),
    }},
    /* FAILED   */ {{
        /* DUE           */ {S::STARTING, A::LAUNCH},
        /* LAUNCH_FAILED */ BUG(S::FAILED),
        /* BECAME_READY  */ STAY(S::FAILED),
        /* NOT_READY     */ BUG(S::FAILED),
        /* STOP          */ {S::FINISHED, A::FINISH},
        /* DRAINED       */ BUG(S::FAILED),
        /* TIME_OVER     */ BUG(S::FAILED),
        /* ENDED         */ BUG(S::FAILED),
        /* REPLACE       */ BUG(S::FAILED),
        /* GIVE_UP       */ BUG(S::FAILED),
        /* RETIRE        */ BUG(S::FAILED),
    }},
    /* FINISHED */ {{
        /* DUE           */ BUG(S::FINISHED),
        /* LAUNCH_FAILED */ BUG(S::FINISHED),
        /* BECAME_READY  */ STAY(S::FINISHED),
        /* NOT_READY     */ BUG(S::FINISHED),
        /* STOP          */ STAY(S::FINISHED),
        /* DRAINED       */ STAY(S::FINISHED),
        /* TIME_OVER     */ STAY(S::FINISHED),
        /* ENDED         */ BUG(S::FINISHED),
        /* REPLACE       */ BUG(S::FINISHED),
        /* GIVE_UP       */ BUG(S::FINISHED),
        /* RETIRE        */ BUG(S::FINISHED),
    }},
}};
// clang-format on

constexpr std::array<std::string_view, STATES> STATE_NAMES = {"idle",     "starting", "ready",
                                                              "draining", "stopping", "clearing",
                                                              "backoff",  "failed",   "finished"};

constexpr std::array<std::string_view, TRIGGERS> TRIGGER_NAMES = {
    "due",       "launch failed", "became ready", "not ready", "stop",  "drained",
    "time over", "ended",         "replace",      "give up",   "retire"};

constexpr std::array<std::string_view, ACTIONS> ACTION_NAMES = {
    "",      "launch",    "activate", "signal", "dismiss", "kill",
    "clear", "kill left", "schedule", "fail",   "finish",  "impossible"};

} // namespace pool
