#include "loop/TimerEvent.hxx"
#include "unit/FakeClock.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using namespace loop;
using namespace std::chrono_literals;

namespace {

/** Writes its name down and does what it was told. */
class Alarm {
public:
    Alarm(Loop &loop, std::string &_log, char _name)
        : log(_log), name(_name), timer(loop, util::Bind<&Alarm::OnTimer>(*this)) {}

    std::string &log;
    const char name;
    std::function<void()> then;
    TimerEvent timer;

private:
    void OnTimer() noexcept {
        log += name;
        if (then)
            then();
    }
};

struct Fixture {
    void Pass(std::chrono::milliseconds time) {
        clock.Advance(time);
        loop.Turn(Loop::Wait::NO);
    }

    unit::FakeClock clock;
    Loop loop{clock};
    std::string log;
    Alarm a{loop, log, 'a'}, b{loop, log, 'b'}, c{loop, log, 'c'};
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "a timer calls once, at its time and not before") {
    a.timer.Schedule(100ms);
    CHECK(a.timer.IsPending());
    Pass(99ms);
    CHECK(log.empty());
    Pass(1ms);
    CHECK(log == "a");
    CHECK_FALSE(a.timer.IsPending());
    Pass(1h);
    CHECK(log == "a");
}

TEST_CASE_FIXTURE(Fixture, "the earlier due is called first, whatever the order of scheduling") {
    c.timer.Schedule(30ms);
    a.timer.Schedule(10ms);
    b.timer.Schedule(20ms);
    Pass(1s);
    CHECK(log == "abc");
}

TEST_CASE_FIXTURE(Fixture, "at the same time, in the order of scheduling") {
    b.timer.Schedule(10ms);
    c.timer.Schedule(10ms);
    a.timer.Schedule(10ms);
    Pass(10ms);
    CHECK(log == "bca");
}

TEST_CASE_FIXTURE(Fixture, "scheduling anew replaces the old time") {
    a.timer.Schedule(10ms);
    a.timer.Schedule(50ms);
    Pass(20ms);
    CHECK(log.empty());
    Pass(30ms);
    CHECK(log == "a");

    a.timer.Schedule(50ms);
    a.timer.Schedule(10ms);
    Pass(10ms);
    CHECK(log == "aa");
    Pass(50ms);
    CHECK(log == "aa");
}

TEST_CASE_FIXTURE(Fixture, "a cancelled one is not called") {
    a.timer.Schedule(10ms);
    a.timer.Cancel();
    a.timer.Cancel();
    CHECK_FALSE(a.timer.IsPending());
    Pass(1s);
    CHECK(log.empty());
}

TEST_CASE_FIXTURE(Fixture, "a handler cancels another one that is due in the same turn") {
    a.then = [this] { b.timer.Cancel(); };
    a.timer.Schedule(10ms);
    b.timer.Schedule(10ms);
    c.timer.Schedule(10ms);
    Pass(10ms);
    CHECK(log == "ac");
}

TEST_CASE_FIXTURE(Fixture, "a handler destroys another one") {
    auto doomed = std::make_unique<Alarm>(loop, log, 'd');
    a.then = [&doomed] { doomed.reset(); };
    a.timer.Schedule(10ms);
    doomed->timer.Schedule(10ms);
    Pass(10ms);
    CHECK(log == "a");
}

TEST_CASE_FIXTURE(Fixture, "a handler schedules itself again") {
    a.then = [this] { a.timer.Schedule(10ms); };
    a.timer.Schedule(10ms);
    Pass(10ms);
    CHECK(log == "a");
    CHECK(a.timer.IsPending());
    Pass(9ms);
    CHECK(log == "a");
    Pass(1ms);
    CHECK(log == "aa");
}

TEST_CASE_FIXTURE(Fixture,
                  "a handler makes another one due at once: it is called in the same turn") {
    a.then = [this] { b.timer.Schedule(0ms); };
    a.timer.Schedule(10ms);
    Pass(10ms);
    CHECK(log == "ab");
}

TEST_CASE("a destroyed timer leaves the loop") {
    unit::FakeClock clock;
    Loop loop(clock);
    std::string log;
    {
        Alarm gone(loop, log, 'x');
        gone.timer.Schedule(0ms);
    }
    loop.Turn(Loop::Wait::NO);
    CHECK(log.empty());
}

TEST_CASE("the loop waits for the next timer and no longer") {
    MonotonicClock clock;
    Loop loop(clock);
    std::string log;
    Alarm soon(loop, log, 's'), late(loop, log, 'l');
    late.timer.Schedule(1h);
    soon.timer.Schedule(20ms);
    const auto begin = clock.Now();
    loop.Turn(Loop::Wait::YES);
    CHECK(log == "s");
    CHECK(clock.Now() - begin >= 20ms);
    CHECK(clock.Now() - begin < 30s);
}

namespace {

/** A wait of a millisecond takes a second. */
class FastClock final : public Clock {
public:
    TimePoint Now() const noexcept override {
        return begin + (std::chrono::steady_clock::now() - begin) * 1000 - skipped;
    }
    void Skip(TimePoint::duration time) noexcept override { skipped += time; }

private:
    const TimePoint begin = std::chrono::steady_clock::now();
    TimePoint::duration skipped{0};
};

/** SIGCONT stays pending as long as it lives. */
class Continued {
public:
    Continued() {
        sigemptyset(&set);
        sigaddset(&set, SIGCONT);
        sigprocmask(SIG_BLOCK, &set, &before);
        raise(SIGCONT);
    }
    ~Continued() {
        const timespec none = {};
        sigtimedwait(&set, nullptr, &none);
        sigprocmask(SIG_SETMASK, &before, nullptr);
    }
    Continued(const Continued &) = delete;
    Continued &operator=(const Continued &) = delete;

private:
    sigset_t set, before;
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "a handler was stopped, as a SIGCONT shows: that time has not passed") {
    a.timer.Schedule(10s);
    b.timer.Schedule(1min);
    Pass(4s);
    {
        const Continued continued;
        Pass(1h); // of which we know only that it holds the stop
    }
    CHECK(log.empty());
    Pass(5999ms);
    CHECK(log.empty());
    Pass(1ms);
    CHECK(log == "a");
    Pass(50s);
    CHECK(log == "ab");
}

TEST_CASE_FIXTURE(Fixture, "a stop in a handler makes no timer of the same turn due") {
    a.then = [this] { clock.Advance(1h); };
    a.timer.Schedule(10s);
    b.timer.Schedule(20s);
    const Continued continued;
    Pass(500ms);
    for (int i = 0; i < 19; i++)
        Pass(500ms);
    CHECK(log == "a");
}

TEST_CASE_FIXTURE(Fixture, "what a handler schedules in the turn of a SIGCONT is not put off") {
    a.then = [this] { b.timer.Schedule(1s); };
    a.timer.Schedule(10s);
    {
        const Continued continued;
        Pass(1h);
    }
    Pass(10s);
    Pass(1s);
    CHECK(log == "ab");
}

TEST_CASE_FIXTURE(Fixture, "SIGCONT again and again puts no timer off") {
    a.timer.Schedule(10s);
    const Continued continued;
    for (int i = 0; i < 20; i++)
        Pass(500ms);
    CHECK(log == "a");
}

TEST_CASE_FIXTURE(Fixture, "nor with handlers that take long, but for one a minute") {
    a.timer.Schedule(30s);
    const Continued continued;
    for (int i = 0; i < 15; i++)
        Pass(2s);
    CHECK(log.empty());
    Pass(2s);
    CHECK(log == "a");
}

TEST_CASE("a SIGCONT while the loop waits puts no timer off") {
    FastClock clock;
    Loop loop(clock);
    std::string log;
    Alarm alarm(loop, log, 'a');
    const Continued continued;
    alarm.timer.Schedule(20ms); // comes 20 s later
    loop.Turn(Loop::Wait::YES);
    CHECK(log == "a");
}

namespace {

unit::FakeClock *interrupted_clock = nullptr;

/** Sends a signal, whose handler lets an hour pass, as soon as the process waits. */
class Interruption {
public:
    explicit Interruption(unit::FakeClock &clock) {
        interrupted_clock = &clock;
        struct sigaction action = {};
        action.sa_handler = [](int) { interrupted_clock->Advance(1h); };
        sigaction(SIGUSR1, &action, &before);
        const pid_t parent = getpid();
        child = fork();
        if (child != 0)
            return;
        const std::string path = "/proc/" + std::to_string(parent) + "/stat";
        for (;;) {
            std::string stat;
            std::ifstream file(path);
            std::getline(file, stat);
            if (stat.find(") S ") != std::string::npos) {
                kill(parent, SIGUSR1);
                _exit(0);
            }
            usleep(1000);
        }
    }
    ~Interruption() {
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        sigaction(SIGUSR1, &before, nullptr);
    }
    Interruption(const Interruption &) = delete;
    Interruption &operator=(const Interruption &) = delete;

private:
    struct sigaction before = {};
    pid_t child = -1;
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "a wait that was interrupted, as by a stop, has taken no time") {
    a.timer.Schedule(10s);
    {
        const Interruption interruption(clock);
        loop.Turn(Loop::Wait::YES);
    }
    CHECK(log.empty());
    Pass(9s);
    CHECK(log.empty());
    Pass(1s);
    CHECK(log == "a");
}

TEST_CASE("a wake-up that comes very late: the timer that it waited for, and no other one") {
    FastClock clock;
    Loop loop(clock);
    std::string log;
    Alarm soon(loop, log, 's'), late(loop, log, 'l');
    late.timer.Schedule(10s);
    soon.timer.Schedule(20ms); // comes 20 s later
    loop.Turn(Loop::Wait::YES);
    CHECK(log == "s");
    CHECK(late.timer.IsPending());
}

TEST_CASE("time that was skipped counts for no timer") {
    MonotonicClock clock;
    const auto before = clock.Now();
    clock.Skip(1h);
    CHECK(clock.Now() < before);
    CHECK(clock.Now() >= before - 1h);
}
