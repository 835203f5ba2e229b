#include "health/EpollProbe.hxx"
#include "harness/Wait.hxx"
#include "unit/FakeClock.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <fcntl.h>
#include <optional>
#include <string>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

using namespace health;
using namespace pool;
using namespace std::chrono_literals;

namespace {

class Recorder final : public Facts {
public:
    void Ready(const WorkerRef &, Sign) noexcept override { log += "ready "; }
    int Listening(const WorkerRef &worker, net::Listener &listener, How how) noexcept override {
        log += std::to_string(worker.id) + ":" + listener.Spec().at.address.Host() +
               (how == How::ADOPTED ? "! " : " ");
        starting = false;
        return 0;
    }
    bool IsStarting(const WorkerRef &) const noexcept override {
        asked++;
        return starting;
    }
    void ListeningAlone(const WorkerRef &, const net::Endpoint &) noexcept override {}
    bool IsComplete() const noexcept override { return false; }
    void Stopping(const WorkerRef &) noexcept override {}
    void Extend(const WorkerRef &, std::chrono::milliseconds) noexcept override {}

    std::string log;
    bool starting = true;
    mutable int asked = 0;
};

class NoSteering final : public net::Steering {
public:
    void Joined(const net::Seat &) override {}
    void Left(const net::Seat &) noexcept override {}
    void SetActive(std::span<const net::Seat *const>) noexcept override {}
    net::TierReport Tier() const override { return {"none", ""}; }
};

class Policy final : public net::SteeringPolicy {
public:
    bool WantsGroup() const noexcept override { return true; }
    std::unique_ptr<net::Steering> Steer(const net::ListenSpec &, bool) const override {
        return std::make_unique<NoSteering>();
    }
};

/** This process is the worker. */
struct Fixture {
    Fixture() {
        net::ListenSpec spec;
        spec.at.address = *net::Address::FromLiteral("127.0.0.1", 0);
        spec.backlog = 8;
        listener = &table.Open(spec);
    }

    ~Fixture() {
        for (const pid_t pid : pids) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
    }

    void OnForked(pid_t pid) noexcept { pids.push_back(pid); }
    void OnDone(bool _complete) noexcept { complete = _complete; }

    void Start(unsigned id, unsigned slot) {
        spawn::Launched launched;
        probe.Started({id, slot, 1, getpid(), slot}, launched);
    }

    void Watch(unsigned slot) {
        epoll_event event = {};
        REQUIRE(epoll_ctl(epoll.Get(), EPOLL_CTL_ADD, listener->SocketOf(slot).Get(), &event) == 0);
    }

    std::string Pass(std::chrono::milliseconds time) {
        clock.Advance(time);
        loop.Turn(loop::Loop::Wait::NO);
        CHECK(harness::WaitFor([this] {
            loop.Turn(loop::Loop::Wait::NO);
            return probe.Looking() == 0;
        }));
        return std::exchange(facts.log, {});
    }

    unit::FakeClock clock;
    loop::Loop loop{clock};
    Policy policy;
    net::ListenerTable table{policy, 2};
    net::Listener *listener;
    Recorder facts;
    std::optional<bool> complete; // the last look
    std::vector<pid_t> pids;
    loop::Errands errands{loop, util::BoundMethod<void(pid_t)>::Make<&Fixture::OnForked>(*this)};
    EpollProbe probe{loop, errands, facts, table};
    sys::UniqueFd epoll{sys::AdoptTag(), epoll_create1(EPOLL_CLOEXEC)};
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "a worker that waits for its seat listens there") {
    Start(1, 0);
    CHECK(Pass(20ms).empty());
    Watch(0);
    CHECK(Pass(39ms).empty());
    CHECK(Pass(1ms) == "1:127.0.0.1 ");
    const int asked = facts.asked;
    CHECK(Pass(1h).empty());
    CHECK(facts.asked == asked); // nothing is left of it
}

TEST_CASE_FIXTURE(Fixture, "another slot's socket is not its own") {
    Start(2, 1);
    Watch(0);
    CHECK(Pass(1h).empty());
    Watch(1);
    CHECK(Pass(1h) == "2:127.0.0.1 ");
}

TEST_CASE_FIXTURE(Fixture, "it looks ever more seldom, every half second in the end") {
    Start(1, 0);
    int before = facts.asked;
    for (const auto pause : {20ms, 40ms, 80ms, 160ms, 320ms, 500ms, 500ms}) {
        Pass(pause - 1ms);
        CHECK(facts.asked == before);
        Pass(1ms);
        CHECK(facts.asked > before);
        before = facts.asked;
    }
}

TEST_CASE_FIXTURE(Fixture, "when all are ready its timer is gone at once") {
    Start(1, 0);
    facts.starting = false;
    probe.OnUp();
    const int asked = facts.asked;
    CHECK(Pass(1h).empty());
    CHECK(facts.asked == asked);
}

TEST_CASE_FIXTURE(Fixture, "no look once it is ready by something else, or gone") {
    Start(1, 0);
    facts.starting = false;
    Watch(0);
    CHECK(Pass(20ms).empty());
    const int asked = facts.asked;
    CHECK(Pass(1h).empty());
    CHECK(facts.asked == asked);

    facts.starting = true;
    Start(2, 0);
    probe.Gone({2, 0, 1, getpid()}, {});
    CHECK(Pass(1h).empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "a worker with very many descriptors holds up nothing, and what was not seen "
                  "is unknown") {
    constexpr int PROCESSES = 60, EACH = 15'000;
    const unit::Forked worker([] {
        for (int i = 0; i < EACH; i++)
            if (dup(0) < 0)
                break;
        for (int i = 1; i < PROCESSES; i++)
            if (fork() == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                for (;;)
                    pause();
            }
    });
    std::chrono::steady_clock::duration longest{0};
    const auto began = std::chrono::steady_clock::now();
    probe.Look({1, 0, 1, worker.pid, 0}, EpollProbe::Done::Make<&Fixture::OnDone>(*this));
    CHECK(harness::WaitFor([&] {
        const auto before = std::chrono::steady_clock::now();
        loop.Turn(loop::Loop::Wait::NO);
        longest = std::max(longest, std::chrono::steady_clock::now() - before);
        return complete.has_value();
    }));
    const auto took = std::chrono::steady_clock::now() - began;
    using Milliseconds = std::chrono::duration<double, std::milli>;
    MESSAGE("all: " << Milliseconds(took).count()
                    << " ms, longest turn: " << Milliseconds(longest).count() << " ms");
    CHECK(longest < 200ms);
    CHECK(took < 5s);
    CHECK_FALSE(complete.value());
    CHECK(facts.log.empty());
}
