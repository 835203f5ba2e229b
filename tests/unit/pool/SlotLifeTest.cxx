#include "pool/SlotLife.hxx"
#include "unit/pool/Life.hxx"

#include <doctest/doctest.h>

using namespace pool;
using S = SlotState;
using T = SlotTrigger;
using A = SlotAction;

namespace {

/** Written down once more, cell by cell. What is not here cannot happen. */
constexpr std::string_view CELLS = R"(idle, due: running, start
idle, replace: idle
idle, renew: idle
idle, retire: finished, finish
running, replace: replacing, start successor
running, renew: renewing, leave first
running, restart: backoff, schedule
running, give up: failed, fail
running, no more: finished, finish
running, retire: retiring, leave
replacing, replace: replacing
replacing, renew: replacing
replacing, successor ready: running, swap
replacing, successor lost: running, keep
replacing, restart: running, swap
replacing, give up: running, swap
replacing, retire: retiring, leave
renewing, due: running, start
renewing, replace: renewing
renewing, renew: renewing
renewing, retire: retiring, leave
backoff, due: running, start
backoff, replace: running, start
backoff, renew: running, start
backoff, retire: finished, finish
failed, due: running, start
failed, replace: running, start
failed, renew: running, start
failed, retire: finished, finish
retiring, replace: retiring
retiring, renew: retiring
retiring, successor ready: retiring
retiring, successor lost: retiring
retiring, restart: retiring
retiring, give up: retiring
retiring, no more: retiring
retiring, retire: retiring, leave
retiring, empty: finished, finish
finished, replace: finished
finished, renew: finished
finished, retire: finished
)";

} // namespace

TEST_CASE("a slot's life, every cell") {
    CHECK(unit::WriteDown<SlotLife, S, T>(SLOT_LIFE, SLOT_STATE_NAMES, SLOT_TRIGGER_NAMES,
                                          SLOT_ACTION_NAMES) == CELLS);
}

TEST_CASE("a slot that has finished is never left") {
    CHECK(unit::ReachableFrom<SlotLife, S, T, SLOT_STATES, SLOT_TRIGGERS>(SLOT_LIFE, S::FINISHED)
              .size() == 1);
}

TEST_CASE("a slot can retire at any time, and starts no worker after that") {
    for (std::size_t state = 0; state < SLOT_STATES; state++) {
        const auto &step = SLOT_LIFE.At(static_cast<S>(state), T::RETIRE);
        CHECK(step.action != A::IMPOSSIBLE);
        const auto reached =
            unit::ReachableFrom<SlotLife, S, T, SLOT_STATES, SLOT_TRIGGERS>(SLOT_LIFE, step.next);
        CHECK_FALSE(reached.contains(S::RUNNING));
        CHECK(reached.contains(S::FINISHED));
    }
}

TEST_CASE(
    "a worker is started as the current one only if there is none, a successor only beside one") {
    for (std::size_t state = 0; state < SLOT_STATES; state++)
        for (std::size_t trigger = 0; trigger < SLOT_TRIGGERS; trigger++) {
            const auto from = static_cast<S>(state);
            const auto &step = SLOT_LIFE.At(from, static_cast<T>(trigger));
            if (step.action == A::START)
                CHECK((from == S::IDLE || from == S::BACKOFF || from == S::FAILED ||
                       from == S::RENEWING));
            if (step.action == A::START_SUCCESSOR)
                CHECK((from == S::RUNNING && step.next == S::REPLACING));
        }
}

TEST_CASE("every state of a slot can be reached") {
    CHECK(unit::ReachableFrom<SlotLife, S, T, SLOT_STATES, SLOT_TRIGGERS>(SLOT_LIFE, S::IDLE)
              .size() == SLOT_STATES);
}
