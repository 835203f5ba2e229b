#include "health/UnservedListeners.hxx"
#include "net/SocketState.hxx"
#include "unit/FakeClock.hxx"
#include "unit/net/Tables.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace health;
using namespace pool;
using namespace std::chrono_literals;

namespace {

/** As the pool does: the listener learns who listens. */
class Told final : public Facts {
public:
    void Ready(const WorkerRef &, Sign) noexcept override {}
    int Listening(const WorkerRef &worker, net::Listener &listener, How) noexcept override {
        listener.Serve(worker.seat);
        return 0;
    }
    bool IsStarting(const WorkerRef &) const noexcept override { return false; }
    void ListeningAlone(const WorkerRef &, const net::Endpoint &) noexcept override {}
    bool IsComplete() const noexcept override { return true; }
    void Stopping(const WorkerRef &) noexcept override {}
    void Extend(const WorkerRef &, std::chrono::milliseconds) noexcept override {}
};

class Sentences final : public report::Sink {
public:
    explicit Sentences(std::string &_said) : said(_said) {}
    void Emit(const report::Event &, report::WallTime) noexcept override {}
    void Say(report::Level level, std::string_view sentence) noexcept override {
        if (level == report::Level::WARN)
            said.append(sentence) += '\n';
    }

private:
    std::string &said;
};

/** Two slots, one listener that was asked for. */
struct Fixture {
    Fixture() {
        reporter.Add(std::make_unique<Sentences>(said));
        asked = &table.Open(unit::Tcp());
        name = asked->Spec().at.address.ToString();
    }

    /** A worker listens there by itself. */
    net::Listener &Adopt(unsigned slot) {
        net::ListenSpec spec = unit::Tcp();
        spec.origin = net::ListenSpec::Origin::ADOPTED;
        net::Listener &listener = table.Open(spec);
        listener.Serve(slot);
        return listener;
    }

    sys::UniqueFd Dial() const { return unit::Dial(asked->Spec().at.address); }

    /** Somebody waits in one of the queues, and is taken. */
    bool Take() const {
        bool taken = false;
        for (const net::Seat &seat : asked->Seats())
            if (!taken && net::WaitingConnections(seat.socket) != 0) {
                const int fd = accept(seat.socket.Get(), nullptr, nullptr);
                taken = fd >= 0;
                close(fd);
            }
        return taken;
    }

    ~Fixture() {
        for (const pid_t pid : pids) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
    }

    void OnForked(pid_t pid) noexcept { pids.push_back(pid); }

    std::string Pass(std::chrono::milliseconds time) {
        clock.Advance(time);
        loop.Turn(loop::Loop::Wait::NO);
        while (epoll.Looking() != 0)
            loop.Turn(loop::Loop::Wait::NO);
        return std::exchange(said, {});
    }

    /** In steps that no look is late for. */
    std::string PassSlowly(std::chrono::milliseconds time) {
        std::string all;
        for (auto passed = 0ms; passed < time; passed += 50ms)
            all += Pass(50ms);
        return all;
    }

    unit::FakeClock clock;
    loop::Loop loop{clock};
    unit::Policy policy{true};
    net::ListenerTable table{policy, 2};
    net::Listener *asked;
    std::string name, said;
    report::Reporter reporter;
    Told facts;
    std::vector<pid_t> pids;
    loop::Errands errands{loop, util::BoundMethod<void(pid_t)>::Make<&Fixture::OnForked>(*this)};
    EpollProbe epoll{loop, errands, facts, table};
    UnservedListeners unserved{loop, reporter, table, epoll};
};

} // namespace

TEST_CASE_FIXTURE(Fixture,
                  "workers that listen elsewhere: a warning when they have settled, once") {
    const std::string other = Adopt(0).Spec().at.address.ToString();
    unserved.OnUp();
    CHECK(Pass(2999ms).empty());
    CHECK(Pass(1ms) == "no worker was seen to listen on " + name + " (asked for with " +
                           "'127.0.0.1:0'); the workers listen on " + other + "\n");
    const auto client = Dial();
    CHECK(PassSlowly(10s).empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "one that begins to listen there soon after another address is in time") {
    Adopt(0);
    unserved.OnUp();
    CHECK(Pass(2s).empty());
    asked->Serve(1);
    table.Vacate(1); // its worker has gone, which says nothing of the listener
    CHECK(Pass(1h).empty());
}

TEST_CASE_FIXTURE(Fixture, "who waits with epoll for what it was handed serves it") {
    Adopt(0);
    spawn::Launched launched;
    unserved.Started({1, 0, 1, getpid()}, launched);
    unserved.OnUp();
    const sys::UniqueFd set(sys::AdoptTag(), epoll_create1(EPOLL_CLOEXEC));
    epoll_event event = {};
    REQUIRE(epoll_ctl(set.Get(), EPOLL_CTL_ADD, asked->SocketOf(0).Get(), &event) == 0);
    CHECK(Pass(3s).empty());
    CHECK(asked->WasServed());
}

TEST_CASE_FIXTURE(Fixture, "nobody was seen to listen anywhere: nothing is said of that alone") {
    unserved.OnUp();
    CHECK(Pass(1h).empty());
}

TEST_CASE_FIXTURE(Fixture, "a connection that waits for three seconds: a warning, once") {
    unserved.OnUp();
    const auto client = Dial();
    CHECK(PassSlowly(3s).empty());
    CHECK(PassSlowly(200ms) ==
          "a connection to " + name + " has waited for 3 s: no worker takes it\n");
    const auto second = Dial();
    CHECK(PassSlowly(10s).empty());
}

TEST_CASE_FIXTURE(Fixture, "one worker is ready, others are not: the same warnings, once") {
    SUBCASE("a connection waits") {
        unserved.OnReady();
        const auto client = Dial();
        CHECK(PassSlowly(2s).empty());
        unserved.OnReady(); // another one
        CHECK_FALSE(PassSlowly(1200ms).empty());
    }
    SUBCASE("they listen elsewhere") {
        Adopt(0);
        unserved.OnReady();
        CHECK(Pass(2999ms).empty());
        CHECK_FALSE(Pass(1ms).empty());
    }
    SUBCASE("it was up in the meantime, which gives time to the last ones") {
        Adopt(0);
        unserved.OnReady();
        CHECK(Pass(2s).empty());
        unserved.OnUp();
        CHECK(Pass(2999ms).empty());
        CHECK_FALSE(Pass(1ms).empty());
    }
    unserved.OnUp();
    CHECK(PassSlowly(10s).empty());
}

TEST_CASE_FIXTURE(Fixture, "one that is taken in time ends it, even where others wait") {
    unserved.OnUp();
    const auto one = Dial();
    const auto two = Dial();
    CHECK(PassSlowly(2s).empty());
    REQUIRE(Take());
    CHECK(PassSlowly(10s).empty());
    const auto three = Dial(); // nobody looks any more
    CHECK(PassSlowly(10s).empty());
}

TEST_CASE_FIXTURE(Fixture, "more and more of them wait: the first one counts") {
    unserved.OnUp();
    const auto one = Dial();
    CHECK(PassSlowly(2s).empty());
    const auto two = Dial();
    CHECK_FALSE(PassSlowly(1200ms).empty());
}

TEST_CASE_FIXTURE(Fixture, "listeners that are retired or not of streams are not watched") {
    net::ListenSpec udp = unit::Tcp();
    udp.at.type = SOCK_DGRAM;
    table.Open(udp);
    const auto ipv6 = table.Sibling(*asked, AF_INET6); // which takes the place of the one asked for
    REQUIRE(ipv6 != nullptr);
    REQUIRE(asked->IsWithdrawn());
    ipv6->Serve(0);
    Adopt(0);
    unserved.OnUp();
    CHECK(PassSlowly(10s).empty());
}

TEST_CASE_FIXTURE(Fixture, "a socket that a worker shuts down is not looked at for ever") {
    unserved.OnUp();
    REQUIRE(shutdown(asked->SocketOf(1).Get(), SHUT_RD) == 0);
    CHECK(PassSlowly(10s).empty());
}

TEST_CASE_FIXTURE(Fixture, "a stop ends it") {
    Adopt(0);
    unserved.OnUp();
    const auto client = Dial();
    CHECK(PassSlowly(1s).empty());
    unserved.OnStop({});
    table.LetGo();
    CHECK(PassSlowly(10s).empty());
}
