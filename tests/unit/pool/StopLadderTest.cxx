#include "pool/StopLadder.hxx"
#include "unit/FakeClock.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <string>

using namespace pool;
using namespace std::chrono_literals;

namespace {

using Kind = StopRequest::Kind;

struct Fixture {
    explicit Fixture(std::chrono::milliseconds delay = 0ms) : spec{SIGTERM, 8s, delay} {}

    void Pass(std::chrono::milliseconds time) {
        clock.Advance(time);
        loop.Turn(loop::Loop::Wait::NO);
    }

    void Ask(Kind kind = Kind::GRACEFUL, bool workers_have_it = false) {
        StopRequest request = {kind, "test", SIGTERM, workers_have_it};
        request.impatient = ladder.IsImpatient(request);
        ladder.Request(request);
    }

    void OnSignal() noexcept { log += 's'; }
    void OnKill() noexcept { log += 'k'; }

    unit::FakeClock clock;
    loop::Loop loop{clock};
    StopSpec spec;
    std::string log;
    StopLadder ladder{loop, spec, util::Bind<&Fixture::OnSignal>(*this),
                      util::Bind<&Fixture::OnKill>(*this)};
};

struct Delayed : Fixture {
    Delayed() : Fixture(5s) {}
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "the signal at once, the kill after the timeout") {
    CHECK_FALSE(ladder.IsClimbing());
    Ask();
    CHECK(log == "s");
    CHECK(ladder.IsClimbing());
    CHECK_FALSE(ladder.IsOver());
    Pass(7999ms);
    CHECK(log == "s");
    Pass(1ms);
    CHECK(log == "sk");
    CHECK(ladder.IsOver());
    Pass(1h);
    CHECK(log == "sk");
}

TEST_CASE_FIXTURE(Delayed,
                  "the delay comes before the signal, the timeout counts from the beginning") {
    Ask();
    CHECK(log.empty());
    CHECK(ladder.IsClimbing());
    Pass(4999ms);
    CHECK(log.empty());
    Pass(1ms);
    CHECK(log == "s");
    Pass(3s);
    CHECK(log == "sk");
}

TEST_CASE_FIXTURE(Fixture, "two requests at once are one: timeout(1) sends its signal twice") {
    Ask();
    Ask();
    Pass(999ms);
    Ask();
    CHECK(log == "s");
    CHECK_FALSE(ladder.IsOver());
}

TEST_CASE_FIXTURE(Fixture, "a second one a second later is impatience: kill now") {
    Ask();
    Pass(1s);
    Ask();
    CHECK(log == "sk");
    CHECK(ladder.IsOver());
}

TEST_CASE_FIXTURE(Delayed, "impatience during the delay kills too") {
    Ask();
    Pass(2s);
    Ask();
    CHECK(log.starts_with("k"));
    CHECK(ladder.IsOver());
}

TEST_CASE_FIXTURE(Delayed, "a quick request skips the delay, and cuts one short") {
    Ask();
    Pass(2s);
    CHECK(log.empty());
    Ask(Kind::QUICK);
    CHECK(log == "s");
    Pass(3s); // where the delay would have ended
    CHECK(log == "s");
    Pass(3s);
    CHECK(log == "sk");
}

TEST_CASE("quick from the beginning") {
    Delayed delayed;
    delayed.Ask(Kind::QUICK);
    CHECK(delayed.log == "s");
}

TEST_CASE("a signal that the workers have got as well leaves nothing to wait for") {
    Delayed delayed;
    delayed.Ask(Kind::GRACEFUL, true);
    CHECK(delayed.log == "s");
}

TEST_CASE_FIXTURE(Fixture,
                  "quick again and again never kills: it says without delay, not without mercy") {
    Ask(Kind::QUICK);
    Pass(2s);
    Ask(Kind::QUICK);
    CHECK(log == "s");
    Ask(Kind::GRACEFUL);
    CHECK(log == "sk");
}

TEST_CASE("a timeout of nothing kills in the same turn, after the signal") {
    Fixture fixture;
    unit::FakeClock clock;
    loop::Loop loop(clock);
    StopLadder ladder(loop, {SIGTERM, 0ms, 0ms}, util::Bind<&Fixture::OnSignal>(fixture),
                      util::Bind<&Fixture::OnKill>(fixture));
    ladder.Request({Kind::GRACEFUL, "test", 0, false});
    CHECK(fixture.log == "s");
    loop.Turn(loop::Loop::Wait::NO);
    CHECK(fixture.log == "sk");
}

TEST_CASE_FIXTURE(Fixture, "the kill can be put off, never brought forward") {
    ladder.Extend(1h); // nothing to put off yet
    Ask();
    Pass(5s);
    ladder.Extend(1s);
    Pass(2999ms);
    CHECK(log == "s");
    ladder.Extend(10s);
    Pass(9999ms);
    CHECK(log == "s");
    Pass(1ms);
    CHECK(log == "sk");
    ladder.Extend(1s);
    Pass(1h);
    CHECK(log == "sk");
}

TEST_CASE_FIXTURE(Fixture, "who is impatient does not wait for what was put off") {
    Ask();
    ladder.Extend(1h);
    Pass(1s);
    Ask();
    CHECK(log == "sk");
}

TEST_CASE_FIXTURE(Delayed, "described, made and described again: the rungs come at their times") {
    const auto make = [this](const StopLadder::Description &described) {
        return StopLadder(described, loop, spec, util::Bind<&Fixture::OnSignal>(*this),
                          util::Bind<&Fixture::OnKill>(*this));
    };
    CHECK(make(ladder.Describe()).Describe() == StopLadder::Description());
    StopLadder::Description described;
    {
        StopLadder old = make({});
        old.Request({Kind::GRACEFUL, "test"});
        Pass(2s);
        old.Extend(7s);
        described = old.Describe();
    }
    StopLadder made = make(described);
    CHECK(made.Describe() == described);
    CHECK(made.IsClimbing());
    Pass(2999ms);
    CHECK(log.empty());
    Pass(1ms);
    CHECK(log == "s");
    Pass(4s);
    CHECK(log.ends_with("k"));
    CHECK(made.IsOver());
    const StopLadder over = make(made.Describe());
    CHECK(over.IsOver());
    CHECK(over.Describe() == made.Describe());
}
