#include "health/AliveProbe.hxx"
#include "unit/FakeClock.hxx"

#include <doctest/doctest.h>

#include <vector>

using namespace health;
using namespace pool;
using namespace std::chrono_literals;

namespace {

class Listener final : public Facts {
public:
    void Ready(const WorkerRef &worker, Sign sign) noexcept override {
        CHECK(sign == Sign::ALIVE);
        ids.push_back(worker.id);
    }
    int Listening(const WorkerRef &, net::Listener &, How) noexcept override { return 0; }
    void ListeningAlone(const WorkerRef &, const net::Endpoint &) noexcept override {}
    bool IsComplete() const noexcept override { return false; }
    bool IsStarting(const WorkerRef &) const noexcept override { return true; }
    void Stopping(const WorkerRef &) noexcept override {}
    void Extend(const WorkerRef &, std::chrono::milliseconds) noexcept override {}

    std::vector<unsigned> ids;
};

struct Fixture {
    void Pass(std::chrono::milliseconds time) {
        clock.Advance(time);
        loop.Turn(loop::Loop::Wait::NO);
    }

    void Start(unsigned id) { Start(probe, id); }
    static void Start(AliveProbe &whose, unsigned id) {
        spawn::Launched launched;
        whose.Started({id, id, 1, 0}, launched);
    }
    void End(unsigned id) { probe.Gone({id, id, 1, 0}, {}); }

    unit::FakeClock clock;
    loop::Loop loop{clock};
    Listener facts;
    AliveProbe probe{loop, facts, 3s};
};

using Ids = std::vector<unsigned>;

} // namespace

TEST_CASE_FIXTURE(Fixture, "three seconds alive is ready, once") {
    Start(1);
    Pass(2999ms);
    CHECK(facts.ids.empty());
    Pass(1ms);
    CHECK(facts.ids == Ids{1});
    Pass(1h);
    CHECK(facts.ids == Ids{1});
}

TEST_CASE_FIXTURE(Fixture, "or as long as one wants") {
    AliveProbe patient(loop, facts, 1min);
    Start(patient, 7);
    Pass(59s);
    CHECK(facts.ids.empty());
    Pass(1s);
    CHECK(facts.ids == Ids{7});
}

TEST_CASE_FIXTURE(Fixture, "each from its own start") {
    Start(1);
    Pass(1s);
    Start(2);
    Pass(1s);
    Start(3);
    Pass(1s);
    CHECK(facts.ids == Ids{1});
    Pass(1s);
    CHECK(facts.ids == Ids{1, 2});
    Pass(1s);
    CHECK(facts.ids == Ids{1, 2, 3});
}

TEST_CASE_FIXTURE(Fixture, "one that is gone is never ready, the others are") {
    Start(1);
    Start(2);
    Start(3);
    Pass(1s);
    End(1);
    End(3);
    Pass(2s);
    CHECK(facts.ids == Ids{2});
    Pass(1h);
    CHECK(facts.ids == Ids{2});
}

TEST_CASE_FIXTURE(Fixture, "after all are gone it starts afresh") {
    Start(1);
    Pass(2s);
    End(1);
    End(1);
    Start(2);
    Pass(2s);
    CHECK(facts.ids.empty());
    Pass(1s);
    CHECK(facts.ids == Ids{2});
}
