#include "pool/RestartPolicy.hxx"
#include "unit/FakeClock.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <set>

using namespace pool;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

/** One slot whose workers live as a test says. */
class Slot {
public:
    explicit Slot(const RestartSpec &spec = {}, unsigned seed = 1) : policy(spec, seed) {}

    /** A worker lives for so long, was ready for the last part of it, and ends; then its successor's time has
     *  come. */
    RestartPolicy::Decision Live(milliseconds time, milliseconds ready_for = 0ms) {
        clock.Advance(time);
        const auto decision = policy.Next(history, clock.Now(), ready_for);
        clock.Advance(decision.delay);
        return decision;
    }

    RestartPolicy policy;
    RestartHistory history;
    unit::FakeClock clock;
};

void CheckAbout(milliseconds delay, milliseconds nominal) {
    CAPTURE(delay.count());
    CHECK(delay >= nominal * 8 / 10);
    CHECK(delay <= nominal * 12 / 10);
}

RestartSpec Limit(unsigned most, milliseconds within) {
    RestartSpec spec;
    spec.most = most;
    spec.within = within;
    return spec;
}

} // namespace

TEST_CASE("a program that crashes at once: five delays that double, then the slot has failed") {
    Slot slot;
    for (int i = 0; i < 5; i++) {
        const auto decision = slot.Live(0ms);
        CHECK_FALSE(decision.failed);
        CheckAbout(decision.delay, 100ms * (1 << i));
    }
    const auto sixth = slot.Live(0ms);
    CHECK(sixth.failed);
    CHECK(sixth.has_failed);
    CHECK(sixth.delay == 10s);
    for (int i = 0; i < 100; i++) {
        const auto again = slot.Live(0ms);
        CHECK(again.failed);
        CHECK_FALSE(again.has_failed);
        CHECK(again.delay == 10s);
    }
}

TEST_CASE("one that crashes after a second has failed with its sixth end, too") {
    Slot slot;
    for (int i = 0; i < 5; i++)
        CHECK_FALSE(slot.Live(1s).failed);
    CHECK(slot.Live(1s).has_failed);
}

TEST_CASE("one that crashes after a minute, never ready: the delay grows to ten seconds, it never "
          "fails") {
    Slot slot;
    for (const auto nominal : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms})
        CheckAbout(slot.Live(1min).delay, nominal);
    for (int i = 0; i < 1000; i++) {
        const auto decision = slot.Live(1min);
        CHECK_FALSE(decision.failed);
        CheckAbout(decision.delay, 10s);
    }
}

TEST_CASE("one that serves for a minute is replaced at once, always") {
    Slot slot;
    for (int i = 0; i < 1000; i++) {
        const auto decision = slot.Live(1min, 57s);
        CHECK_FALSE(decision.failed);
        CHECK(decision.delay == 0ms);
    }
}

TEST_CASE("ten seconds of being ready begin it anew, one less does not") {
    Slot slot;
    (void)slot.Live(0ms);
    (void)slot.Live(0ms);
    CheckAbout(slot.Live(13s, 9999ms).delay, 400ms);
    CHECK(slot.Live(13s, 10s).delay == 0ms);
    CheckAbout(slot.Live(0ms).delay, 100ms);
}

TEST_CASE("the limit: ends that are as old as its time do not count") {
    Slot slot(Limit(2, 1min));
    const auto end_at = [&slot](std::chrono::seconds time) {
        return slot.policy.Next(slot.history, loop::TimePoint(time), 0s).failed;
    };
    CHECK_FALSE(end_at(100s));
    CHECK_FALSE(end_at(130s));
    CHECK_FALSE(end_at(160s)); // the first is a minute old
    CHECK(end_at(189s)); // the second is not yet
}

TEST_CASE("no replacement at all: the first end, also of one that has served") {
    Slot slot(Limit(0, 30s));
    CHECK(slot.Live(0ms).has_failed);
    CHECK(slot.Live(1min, 10s).has_failed); // it had come back
    CHECK_FALSE(slot.Live(0ms).has_failed);
}

TEST_CASE("a failed slot: ready for ten seconds brings it back, less does not") {
    Slot slot(Limit(1, 30s));
    (void)slot.Live(0ms);
    CHECK(slot.Live(0ms).has_failed);
    const auto shortly = slot.Live(12s, 9s);
    CHECK(shortly.failed);
    CHECK(shortly.delay == 10s);
    const auto served = slot.Live(13s, 10s);
    CHECK_FALSE(served.failed);
    CHECK(served.delay == 0ms);
    CHECK(slot.Live(0ms).has_failed); // the second end in 30 s
}

TEST_CASE("jitter: never out of its bounds, not the same for all, the same for the same seed") {
    std::set<milliseconds> delays;
    for (unsigned seed = 0; seed < 1000; seed++) {
        Slot slot({}, seed), same({}, seed);
        const auto delay = slot.Live(0ms).delay;
        CheckAbout(delay, 100ms);
        CHECK(same.Live(0ms).delay == delay);
        delays.insert(delay);
    }
    CHECK(delays.size() > 20);
    CHECK(*delays.begin() < 90ms);
    CHECK(*delays.rbegin() > 110ms);
}

TEST_CASE("what is a success") {
    RestartSpec spec;
    CHECK(spec.IsSuccess({false, 0}));
    CHECK_FALSE(spec.IsSuccess({false, 3}));
    CHECK_FALSE(spec.IsSuccess({true, SIGTERM}));
    spec.exit_ok = {3, 143};
    CHECK(spec.IsSuccess({false, 0}));
    CHECK(spec.IsSuccess({false, 3}));
    CHECK(spec.IsSuccess({false, 143}));
    CHECK(spec.IsSuccess({true, SIGTERM}));
    CHECK_FALSE(spec.IsSuccess({true, 3}));
    CHECK_FALSE(spec.IsSuccess({false, SIGTERM}));
}

TEST_CASE("who is replaced") {
    const auto replaces = [](RestartWhen when, bool success) {
        RestartSpec spec;
        spec.when = when;
        return spec.Replaces(success);
    };
    CHECK(replaces(RestartWhen::ALWAYS, true));
    CHECK(replaces(RestartWhen::ALWAYS, false));
    CHECK_FALSE(replaces(RestartWhen::ON_FAILURE, true));
    CHECK(replaces(RestartWhen::ON_FAILURE, false));
    CHECK_FALSE(replaces(RestartWhen::NO, true));
    CHECK_FALSE(replaces(RestartWhen::NO, false));
}
