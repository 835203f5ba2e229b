#include "health/SteeringReport.hxx"
#include "unit/FakeClock.hxx"
#include "unit/net/Tables.hxx"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace health;
using namespace std::chrono_literals;

namespace {

/** Whom the test wants to be behind. */
class Fake final : public net::Steering {
public:
    void Joined(const net::Seat &) override {}
    void Left(const net::Seat &) noexcept override {}
    void SetActive(std::span<const net::Seat *const>) noexcept override {}
    net::Standing Keeps(const net::Seat &seat) const noexcept override {
        return seat.index == behind ? net::Standing::BEHIND : net::Standing::ACTIVE;
    }
    net::TierReport Tier() const override { return {"fake", ""}; }

    void SetBehind(unsigned seat) {
        behind = seat;
        Changed();
    }

private:
    unsigned behind = ~0U;
};

class Policy final : public net::SteeringPolicy {
public:
    bool WantsGroup() const noexcept override { return true; }
    std::unique_ptr<net::Steering> Steer(const net::ListenSpec &, bool) const override {
        auto made = std::make_unique<Fake>();
        last = made.get();
        return made;
    }

    mutable Fake *last = nullptr;
};

/** "listener: id id | id reason" */
class Recorder final : public report::Sink {
public:
    explicit Recorder(std::string &_log) : log(_log) {}

    void Emit(const report::Event &event, report::WallTime) noexcept override {
        const auto &steering = std::get<report::Steering>(event);
        log += steering.listener + ":";
        for (const report::SeatInfo &seat : steering.active)
            log += " " + Name(seat);
        for (const report::SeatInfo &seat : steering.others)
            log.append(", ").append(Name(seat)).append(" ").append(seat.reason);
        log += "\n";
    }
    void Say(report::Level, std::string_view) noexcept override {}

private:
    static std::string Name(const report::SeatInfo &seat) {
        return seat.id ? std::to_string(*seat.id) : "s" + std::to_string(seat.seat);
    }

    std::string &log;
};

/** Three seats, and workers 10, 11, 12. */
struct Fixture {
    Fixture() {
        reporter.Add(std::make_unique<Recorder>(log));
        table.Open(unit::Tcp());
        for (const unsigned seat : {0U, 1U, 2U}) {
            table.TakeSeat(seat);
            table.Occupy(seat, 10 + seat);
        }
    }

    std::string Pass(std::chrono::milliseconds time = 0ms) {
        clock.Advance(time);
        loop.Turn(loop::Loop::Wait::NO);
        return std::exchange(log, {});
    }

    unit::FakeClock clock;
    loop::Loop loop{clock};
    std::string log;
    report::Reporter reporter;
    Policy policy;
    net::ListenerTable table{policy, 3};
    SteeringReport steering{loop, reporter, table};
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "who gets connections, and why the others get none") {
    CHECK(Pass().empty()); // nothing has changed yet
    table.Activate(1);
    CHECK(Pass() == "web: 11, 10 not ready, 12 not ready\n");
    table.Vacate(2);
    table.ParkSeat(2);
    table.Activate(0);
    CHECK(Pass(1s) == "web: 10 11, s2 parked\n");
    CHECK(Pass(1h).empty());
}

TEST_CASE_FIXTURE(Fixture, "changes of one moment are one event, and ten a second at most") {
    table.Activate(0);
    table.Activate(1);
    CHECK(Pass() == "web: 10 11, 12 not ready\n");
    table.Activate(2);
    CHECK(Pass().empty());
    CHECK(Pass(99ms).empty());
    table.Deactivate(0);
    CHECK(Pass(1ms) == "web: 11 12, 10 not ready\n");
    CHECK(Pass(1h).empty());
}

TEST_CASE_FIXTURE(Fixture, "queues make one event a second at most") {
    for (const unsigned seat : {0U, 1U, 2U})
        table.Activate(seat);
    CHECK(Pass() == "web: 10 11 12\n");
    policy.last->SetBehind(1);
    CHECK(Pass(900ms).empty());
    policy.last->SetBehind(2);
    CHECK(Pass(100ms) == "web: 10 11, 12 behind\n");
    policy.last->SetBehind(1);
    policy.last->SetBehind(2);
    CHECK(Pass(1s).empty()); // as it was
    policy.last->SetBehind(0);
    CHECK(Pass(500ms).empty());
    table.Deactivate(1); // this one does not wait
    CHECK(Pass() == "web: 12, 10 behind, 11 not ready\n");
}

TEST_CASE_FIXTURE(Fixture, "nothing of a listener that is closed, or once the table has let go") {
    table.Activate(0);
    table.Close(table.Listeners().front());
    CHECK(Pass().empty());
    table.Open(unit::Tcp());
    table.Activate(1);
    table.LetGo();
    CHECK(Pass(1h).empty());
}
