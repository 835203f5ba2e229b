#include "pool/Slot.hxx"
#include "unit/FakeClock.hxx"

#include <doctest/doctest.h>

#include <vector>

using namespace pool;
using namespace std::chrono_literals;

namespace {

class Owner final : public SlotOwner {
public:
    void Perform(Slot &slot, Action action) noexcept override {
        actions.push_back(action);
        states.push_back(slot.GetState());
    }

    std::vector<Action> actions;
    std::vector<State> states;
};

struct Fixture {
    void Pass(std::chrono::milliseconds time) {
        clock.Advance(time);
        loop.Turn(loop::Loop::Wait::NO);
    }

    unit::FakeClock clock;
    loop::Loop loop{clock};
    Owner owner;
    Slot slot{loop, owner, 3};
};

using Actions = std::vector<Action>;

} // namespace

TEST_CASE_FIXTURE(Fixture, "a slot begins idle, with its number") {
    CHECK(slot.Index() == 3);
    CHECK(slot.worker.slot == 3);
    CHECK(slot.GetState() == State::IDLE);
    CHECK_FALSE(slot.IsScheduled());
}

TEST_CASE_FIXTURE(Fixture,
                  "a whole life; the state is the next one before the action is performed") {
    for (const Trigger trigger :
         {Trigger::DUE, Trigger::BECAME_READY, Trigger::ENDED, Trigger::REPLACE, Trigger::DUE,
          Trigger::STOP, Trigger::DRAINED, Trigger::TIME_OVER, Trigger::ENDED, Trigger::RETIRE})
        slot.Fire(trigger);
    CHECK(owner.actions == Actions{Action::LAUNCH, Action::ACTIVATE, Action::CLEAR,
                                   Action::SCHEDULE, Action::LAUNCH, Action::SIGNAL, Action::KILL,
                                   Action::CLEAR, Action::FINISH});
    CHECK(owner.states == std::vector<State>{State::STARTING, State::READY, State::CLEARING,
                                             State::BACKOFF, State::STARTING, State::STOPPING,
                                             State::STOPPING, State::CLEARING, State::FINISHED});
}

TEST_CASE_FIXTURE(Fixture, "nothing to do is nothing performed") {
    slot.Fire(Trigger::DUE);
    slot.Fire(Trigger::STOP);
    slot.Fire(Trigger::STOP);
    CHECK(owner.actions == Actions{Action::LAUNCH});
    CHECK(slot.GetState() == State::DRAINING);
}

TEST_CASE_FIXTURE(Fixture, "what was scheduled is fired in its time") {
    slot.Schedule(Trigger::DUE, 1s);
    CHECK(slot.IsScheduled());
    Pass(999ms);
    CHECK(owner.actions.empty());
    Pass(1ms);
    CHECK(owner.actions == Actions{Action::LAUNCH});
    CHECK_FALSE(slot.IsScheduled());
}

TEST_CASE_FIXTURE(Fixture, "the last that was scheduled counts, and it can be taken back") {
    slot.Schedule(Trigger::DUE, 1s);
    slot.Schedule(Trigger::STOP, 2s);
    Pass(1s);
    CHECK(owner.actions.empty());
    Pass(1s);
    CHECK(owner.actions == Actions{Action::FINISH});

    slot.Schedule(Trigger::STOP, 1s);
    slot.Unschedule();
    Pass(1h);
    CHECK(owner.actions.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "what is scheduled can be put off, never brought forward") {
    slot.Fire(Trigger::DUE);
    slot.Schedule(Trigger::NOT_READY, 10s);
    Pass(5s);
    slot.Postpone(1s); // before its time
    Pass(4s);
    CHECK(slot.GetState() == State::STARTING);
    slot.Postpone(5s);
    slot.Postpone(3s); // the last word counts
    Pass(2999ms);
    CHECK(slot.GetState() == State::STARTING);
    Pass(1ms);
    CHECK(slot.GetState() == State::STOPPING);
    CHECK(owner.actions == Actions{Action::LAUNCH, Action::DISMISS});
    slot.Postpone(1s); // nothing is scheduled
    CHECK_FALSE(slot.IsScheduled());
}
