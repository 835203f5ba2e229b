#include "pool/Lifecycle.hxx"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <utility>

using namespace pool;

namespace {

using S = State;
using T = Trigger;
using A = Action;

/** What may happen, written down once more and independently: every cell that is not here is a bug when
 *  it is met. */
const std::map<std::pair<S, T>, std::pair<S, A>> ALLOWED = {
    // A start: first, or after a pause.
    {{S::IDLE, T::DUE}, {S::STARTING, A::LAUNCH}},
    {{S::BACKOFF, T::DUE}, {S::STARTING, A::LAUNCH}},
    {{S::FAILED, T::DUE}, {S::STARTING, A::LAUNCH}},
    {{S::STARTING, T::LAUNCH_FAILED}, {S::CLEARING, A::CLEAR}},
    {{S::STARTING, T::BECAME_READY}, {S::READY, A::ACTIVATE}},
    {{S::STARTING, T::NOT_READY}, {S::STOPPING, A::DISMISS}},

    // The worker's end, at any time that it has one.
    {{S::STARTING, T::ENDED}, {S::CLEARING, A::CLEAR}},
    {{S::READY, T::ENDED}, {S::CLEARING, A::CLEAR}},
    {{S::DRAINING, T::ENDED}, {S::CLEARING, A::CLEAR}},
    {{S::STOPPING, T::ENDED}, {S::CLEARING, A::CLEAR}},
    {{S::CLEARING, T::TIME_OVER}, {S::CLEARING, A::KILL_LEFT}},
    {{S::CLEARING, T::REPLACE}, {S::BACKOFF, A::SCHEDULE}},
    {{S::CLEARING, T::GIVE_UP}, {S::FAILED, A::FAIL}},
    {{S::CLEARING, T::RETIRE}, {S::FINISHED, A::FINISH}},

    // A stop: slots without a worker are finished, workers climb the ladder.
    {{S::IDLE, T::STOP}, {S::FINISHED, A::FINISH}},
    {{S::BACKOFF, T::STOP}, {S::FINISHED, A::FINISH}},
    {{S::FAILED, T::STOP}, {S::FINISHED, A::FINISH}},
    {{S::STARTING, T::STOP}, {S::DRAINING, A::NONE}},
    {{S::READY, T::STOP}, {S::DRAINING, A::NONE}},
    {{S::DRAINING, T::STOP}, {S::DRAINING, A::NONE}},
    {{S::STOPPING, T::STOP}, {S::STOPPING, A::NONE}},
    {{S::CLEARING, T::STOP}, {S::CLEARING, A::NONE}},
    {{S::FINISHED, T::STOP}, {S::FINISHED, A::NONE}},
    {{S::DRAINING, T::DRAINED}, {S::STOPPING, A::SIGNAL}},
    {{S::STOPPING, T::DRAINED}, {S::STOPPING, A::NONE}},
    {{S::CLEARING, T::DRAINED}, {S::CLEARING, A::NONE}},
    {{S::FINISHED, T::DRAINED}, {S::FINISHED, A::NONE}},
    {{S::DRAINING, T::TIME_OVER}, {S::STOPPING, A::KILL}},
    {{S::STOPPING, T::TIME_OVER}, {S::STOPPING, A::KILL}},
    {{S::FINISHED, T::TIME_OVER}, {S::FINISHED, A::NONE}},

    // Readiness that comes too late, or once more.
    {{S::READY, T::BECAME_READY}, {S::READY, A::NONE}},
    {{S::DRAINING, T::BECAME_READY}, {S::DRAINING, A::NONE}},
    {{S::STOPPING, T::BECAME_READY}, {S::STOPPING, A::NONE}},
    {{S::CLEARING, T::BECAME_READY}, {S::CLEARING, A::NONE}},
    {{S::BACKOFF, T::BECAME_READY}, {S::BACKOFF, A::NONE}},
    {{S::FAILED, T::BECAME_READY}, {S::FAILED, A::NONE}},
    {{S::FINISHED, T::BECAME_READY}, {S::FINISHED, A::NONE}},

    // The time for it is over, and its end was asked for already.
    {{S::DRAINING, T::NOT_READY}, {S::DRAINING, A::NONE}},
    {{S::STOPPING, T::NOT_READY}, {S::STOPPING, A::NONE}},
};

template <typename Visitor> void ForEachCell(Visitor visit) {
    for (std::size_t state = 0; state < STATES; state++)
        for (std::size_t trigger = 0; trigger < TRIGGERS; trigger++) {
            const std::string_view state_name = STATE_NAMES[state],
                                   trigger_name = TRIGGER_NAMES[trigger];
            CAPTURE(state_name);
            CAPTURE(trigger_name);
            visit(static_cast<State>(state), static_cast<Trigger>(trigger),
                  LIFECYCLE[state][trigger]);
        }
}

bool IsPossible(const Step &step) {
    return step.action != A::IMPOSSIBLE;
}

} // namespace

TEST_CASE("every cell is as written down here") {
    ForEachCell([](State state, Trigger trigger, const Step &step) {
        const auto allowed = ALLOWED.find({state, trigger});
        if (allowed == ALLOWED.end()) {
            CHECK(step.action == A::IMPOSSIBLE);
            CHECK(step.next == state); // a release build stays where it is
        } else {
            CHECK(step.next == allowed->second.first);
            CHECK(step.action == allowed->second.second);
        }
    });
}

TEST_CASE("FINISHED is never left, and nothing is done there") {
    for (const Step &step : LIFECYCLE[Index(S::FINISHED)]) {
        CHECK(step.next == S::FINISHED);
        CHECK((step.action == A::NONE || step.action == A::IMPOSSIBLE));
    }
}

TEST_CASE("an end leads to clearing, wherever there is a worker, and only there") {
    ForEachCell([](State state, Trigger trigger, const Step &step) {
        if (trigger == T::ENDED) {
            CHECK(IsPossible(step) == HasWorker(state));
            if (HasWorker(state))
                CHECK((step.next == S::CLEARING && step.action == A::CLEAR));
        }
    });
}

TEST_CASE("a new worker starts only where there is none, and only after clearing") {
    ForEachCell([](State state, Trigger, const Step &step) {
        if (step.action == A::LAUNCH) {
            CHECK_FALSE(HasWorker(state));
            CHECK(step.next == S::STARTING);
        }
        if ((step.next == S::BACKOFF || step.next == S::FAILED) && state != step.next)
            CHECK(state == S::CLEARING);
        if (step.next == S::STARTING && state != S::STARTING)
            CHECK(step.action == A::LAUNCH);
    });
}

TEST_CASE("a stop can come at any time and leads away from serving") {
    ForEachCell([](State state, Trigger trigger, const Step &step) {
        if (trigger == T::STOP) {
            CHECK(IsPossible(step));
            CHECK(step.next != S::READY);
            CHECK(step.next != S::STARTING);
            CHECK((HasWorker(state) == HasWorker(step.next)));
        }
    });
}

TEST_CASE("after a stop no worker starts any more") {
    // Everything that can be reached from what a stop leads to, without REPLACE and GIVE_UP, which the pool
    // does not fire then.
    std::set<State> reached;
    for (const auto &row : LIFECYCLE)
        reached.insert(row[Index(T::STOP)].next);
    for (bool more = true; more;) {
        more = false;
        for (const State state : std::set<State>(reached))
            for (std::size_t trigger = 0; trigger < TRIGGERS; trigger++)
                if (const Step &step = LIFECYCLE[Index(state)][trigger];
                    IsPossible(step) && static_cast<Trigger>(trigger) != T::REPLACE &&
                    static_cast<Trigger>(trigger) != T::GIVE_UP) {
                    CHECK(step.action != A::LAUNCH);
                    more = reached.insert(step.next).second || more;
                }
    }
    CHECK(reached == std::set<State>{S::DRAINING, S::STOPPING, S::CLEARING, S::FINISHED});
}

TEST_CASE("the stop signal is sent once: on the way to stopping") {
    unsigned signals = 0, dismissals = 0;
    ForEachCell([&](State state, Trigger, const Step &step) {
        if (step.action != A::SIGNAL && step.action != A::DISMISS)
            return;
        (step.action == A::SIGNAL ? signals : dismissals)++;
        CHECK(state == (step.action == A::SIGNAL ? S::DRAINING : S::STARTING));
        CHECK(step.next == S::STOPPING);
    });
    CHECK(signals == 1);
    CHECK(dismissals == 1);
}

TEST_CASE("a worker is killed or signalled only where there is one") {
    ForEachCell([](State state, Trigger, const Step &step) {
        if (step.action == A::KILL || step.action == A::SIGNAL || step.action == A::DISMISS ||
            step.action == A::ACTIVATE)
            CHECK(HasWorker(state));
    });
}

TEST_CASE("who finishes is counted once") {
    ForEachCell([](State state, Trigger, const Step &step) {
        CHECK((step.action == A::FINISH) == (step.next == S::FINISHED && state != S::FINISHED));
    });
}

TEST_CASE("every state can be reached, and FINISHED from every state") {
    std::set<State> reached = {S::IDLE};
    for (std::size_t i = 0; i < STATES; i++)
        for (const State state : std::set<State>(reached))
            for (const Step &step : LIFECYCLE[Index(state)])
                if (IsPossible(step))
                    reached.insert(step.next);
    CHECK(reached.size() == STATES);

    std::set<State> ending = {S::FINISHED};
    for (std::size_t i = 0; i < STATES; i++)
        ForEachCell([&ending](State state, Trigger, const Step &step) {
            if (IsPossible(step) && ending.contains(step.next))
                ending.insert(state);
        });
    CHECK(ending.size() == STATES);
}

TEST_CASE("names are told apart") {
    CHECK(std::set<std::string_view>(STATE_NAMES.begin(), STATE_NAMES.end()).size() == STATES);
    CHECK(std::set<std::string_view>(TRIGGER_NAMES.begin(), TRIGGER_NAMES.end()).size() ==
          TRIGGERS);
    CHECK(STATE_NAMES[Index(S::FINISHED)] == "finished");
    CHECK(TRIGGER_NAMES[Index(T::RETIRE)] == "retire");
    CHECK(ACTION_NAMES[Index(A::IMPOSSIBLE)] == "impossible");
}
