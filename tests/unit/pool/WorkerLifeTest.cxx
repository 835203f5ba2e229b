#include "pool/WorkerLife.hxx"
#include "unit/pool/Life.hxx"

#include <doctest/doctest.h>

using namespace pool;
using S = WorkerState;
using T = WorkerTrigger;
using A = WorkerAction;

namespace {

/** Written down once more, cell by cell. What is not here cannot happen. */
constexpr std::string_view CELLS = R"(starting, start failed: clearing, clear
starting, became ready: ready, activate
starting, late: stopping, dismiss
starting, leave: draining
starting, stuck: gone, abandon
starting, ended: clearing, clear
ready, became ready: ready
ready, leave: draining
ready, ended: clearing, clear
draining, start failed: clearing, clear
draining, became ready: draining
draining, late: draining
draining, leave: draining
draining, drained: stopping, signal
draining, time over: stopping, kill
draining, stuck: gone, abandon
draining, ended: clearing, clear
stopping, start failed: clearing, clear
stopping, became ready: stopping
stopping, late: stopping
stopping, leave: stopping
stopping, drained: stopping
stopping, time over: stopping, kill
stopping, stuck: gone, abandon
stopping, ended: clearing, clear
clearing, became ready: clearing
clearing, late: clearing
clearing, leave: clearing
clearing, drained: clearing
clearing, time over: clearing, kill left
clearing, cleared: gone, depart
gone, became ready: gone
gone, late: gone
gone, leave: gone
gone, drained: gone
gone, time over: gone
gone, cleared: gone
)";

template <typename Callback> void ForEachCell(const Callback &callback) {
    for (std::size_t state = 0; state < WORKER_STATES; state++)
        for (std::size_t trigger = 0; trigger < WORKER_TRIGGERS; trigger++) {
            const auto from = static_cast<S>(state);
            const auto by = static_cast<T>(trigger);
            const auto &step = WORKER_LIFE.At(from, by);
            if (step.action != A::IMPOSSIBLE)
                callback(from, by, step);
        }
}

} // namespace

TEST_CASE("a worker's life, every cell") {
    CHECK(unit::WriteDown<WorkerLife, S, T>(WORKER_LIFE, WORKER_STATE_NAMES, WORKER_TRIGGER_NAMES,
                                            WORKER_ACTION_NAMES) == CELLS);
}

TEST_CASE("a worker that is gone does nothing and stays gone") {
    ForEachCell([](S from, T, const WorkerLife::Step &step) {
        if (from == S::GONE)
            CHECK((step.next == S::GONE && step.action == A::NONE));
    });
}

TEST_CASE("the end of a process leads to clearing, from every state that has one") {
    for (std::size_t state = 0; state < WORKER_STATES; state++) {
        const auto &step = WORKER_LIFE.At(static_cast<S>(state), T::ENDED);
        CHECK((step.action == A::CLEAR) == HasProcess(static_cast<S>(state)));
    }
}

TEST_CASE("a worker is signalled or killed only if it has a process, and gets the signal once") {
    ForEachCell([](S from, T, const WorkerLife::Step &step) {
        if (step.action == A::SIGNAL || step.action == A::KILL || step.action == A::DISMISS)
            CHECK(HasProcess(from));
        if (step.action == A::SIGNAL || step.action == A::DISMISS)
            CHECK((from != S::STOPPING && step.next == S::STOPPING));
    });
}

TEST_CASE("its end can be asked for at any time, and no worker serves again after that") {
    for (std::size_t state = 0; state < WORKER_STATES; state++) {
        const auto &step = WORKER_LIFE.At(static_cast<S>(state), T::LEAVE);
        CHECK(step.action == A::NONE);
        const auto reached = unit::ReachableFrom<WorkerLife, S, T, WORKER_STATES, WORKER_TRIGGERS>(
            WORKER_LIFE, step.next);
        CHECK_FALSE(reached.contains(S::READY));
        CHECK(reached.contains(S::GONE));
    }
}

TEST_CASE("every state of a worker can be reached") {
    CHECK(unit::ReachableFrom<WorkerLife, S, T, WORKER_STATES, WORKER_TRIGGERS>(WORKER_LIFE,
                                                                                S::STARTING)
              .size() == WORKER_STATES);
}
