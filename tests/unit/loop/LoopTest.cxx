#include "loop/Loop.hxx"
#include "loop/DeferEvent.hxx"
#include "loop/FdEvent.hxx"
#include "loop/SignalEvent.hxx"
#include "loop/TimerEvent.hxx"
#include "unit/FakeClock.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <sys/epoll.h>

using namespace loop;
using namespace std::chrono_literals;

namespace {

/** A pipe that is readable, watched with some priority; the handler reads nothing. */
class Source {
public:
    Source(Loop &loop, std::string &_log, char _name, Priority priority)
        : log(_log), name(_name),
          event(loop, priority, FdEvent::Callback::Make<&Source::OnReady>(*this)) {
        event.Watch(pipe.reader, EPOLLIN);
    }

    void Fill() const { REQUIRE(write(pipe.writer.Get(), "x", 1) == 1); }

    unit::Pipe pipe;
    std::string &log;
    const char name;
    std::function<void()> then;
    std::uint32_t last_events = 0;
    FdEvent event;

private:
    void OnReady(std::uint32_t events) noexcept {
        log += name;
        last_events = events;
        if (then)
            then();
    }
};

class Deferred {
public:
    Deferred(Loop &loop, std::string &_log, char _name)
        : log(_log), name(_name), event(loop, util::Bind<&Deferred::OnTurn>(*this)) {}

    std::string &log;
    const char name;
    std::function<void()> then;
    DeferEvent event;

private:
    void OnTurn() noexcept {
        log += name;
        if (then)
            then();
    }
};

class Alarm {
public:
    Alarm(Loop &loop, std::string &_log)
        : log(_log), timer(loop, util::Bind<&Alarm::OnTimer>(*this)) {}

    std::string &log;
    TimerEvent timer;

private:
    void OnTimer() noexcept { log += 't'; }
};

struct Fixture {
    void Turn() { loop.Turn(Loop::Wait::NO); }

    unit::FakeClock clock;
    Loop loop{clock};
    std::string log;
};

} // namespace

// --- descriptors -----------------------------------------------------------------------------

TEST_CASE_FIXTURE(Fixture, "messages before signals before requests, however they became ready") {
    Source requests(loop, log, 'r', Priority::REQUESTS);
    Source messages(loop, log, 'm', Priority::MESSAGES);
    Source signals(loop, log, 's', Priority::SIGNALS);
    requests.Fill();
    signals.Fill();
    messages.Fill();
    Turn();
    CHECK(log == "msr");
}

TEST_CASE_FIXTURE(Fixture, "an event that another of the same turn cancelled is not called") {
    Source first(loop, log, 'f', Priority::MESSAGES), second(loop, log, 's', Priority::REQUESTS);
    first.then = [&second] { second.event.Cancel(); };
    first.Fill();
    second.Fill();
    Turn();
    CHECK(log == "f");
    CHECK_FALSE(second.event.IsWatching());
    Turn();
    CHECK(log == "ff");
}

TEST_CASE_FIXTURE(Fixture, "nor one that another of the same turn destroyed") {
    Source first(loop, log, 'f', Priority::MESSAGES);
    auto second = std::make_unique<Source>(loop, log, 's', Priority::REQUESTS);
    Source third(loop, log, 't', Priority::REQUESTS);
    first.then = [&second] { second.reset(); };
    first.Fill();
    second->Fill();
    third.Fill();
    Turn();
    CHECK(log == "ft");
}

TEST_CASE_FIXTURE(Fixture, "watching another descriptor forgets what the old one had to say") {
    Source first(loop, log, 'f', Priority::MESSAGES), second(loop, log, 's', Priority::REQUESTS);
    const unit::Pipe quiet;
    first.then = [&second, &quiet] { second.event.Watch(quiet.reader, EPOLLIN); };
    first.Fill();
    second.Fill();
    Turn();
    CHECK(log == "f");
    CHECK(second.event.IsWatching());
}

TEST_CASE_FIXTURE(Fixture, "a handler cancels itself") {
    Source source(loop, log, 'x', Priority::MESSAGES);
    source.then = [&source] { source.event.Cancel(); };
    source.Fill();
    Turn();
    Turn();
    CHECK(log == "x");
}

TEST_CASE_FIXTURE(Fixture, "the handler is told what happened") {
    Source source(loop, log, 'x', Priority::MESSAGES);
    source.Fill();
    Turn();
    CHECK((source.last_events & EPOLLIN) != 0);
    CHECK((source.last_events & EPOLLHUP) == 0);
    source.pipe.writer.Close();
    Turn();
    CHECK((source.last_events & EPOLLHUP) != 0);
}

TEST_CASE_FIXTURE(Fixture, "more descriptors than one look takes: none starves") {
    std::deque<Source> sources;
    for (int i = 0; i < 100; i++)
        sources.emplace_back(loop, log, static_cast<char>('0' + i), Priority::REQUESTS).Fill();
    for (Source &source : sources)
        source.then = [&source] { source.event.Cancel(); };
    Turn();
    Turn();
    CHECK(log.size() == 100);
    for (int i = 0; i < 100; i++)
        CHECK(log.find(static_cast<char>('0' + i)) != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "one-shot: a call for each time it is watched") {
    Source source(loop, log, 'x', Priority::MESSAGES);
    source.event.Watch(source.pipe.reader, EPOLLIN | EPOLLONESHOT);
    source.Fill();
    Turn();
    Turn();
    CHECK(log == "x");
    CHECK(source.event.IsWatching());
    source.event.WatchAgain(EPOLLIN | EPOLLONESHOT);
    Turn(); // it is still readable
    Turn();
    CHECK(log == "xx");
    source.then = [&source] { source.event.WatchAgain(EPOLLIN | EPOLLONESHOT); };
    source.event.WatchAgain(EPOLLIN | EPOLLONESHOT);
    Turn();
    Turn();
    CHECK(log == "xxxx");
    source.event.Cancel();
    Turn();
    CHECK(log == "xxxx");
}

TEST_CASE_FIXTURE(Fixture, "one-shot: an epoll set within the loop") {
    const unit::Pipe pipe;
    const sys::UniqueFd inner(sys::AdoptTag(), epoll_create1(EPOLL_CLOEXEC));
    epoll_event registration = {};
    registration.events = EPOLLIN | EPOLLET;
    REQUIRE(epoll_ctl(inner.Get(), EPOLL_CTL_ADD, pipe.reader.Get(), &registration) == 0);
    Source source(loop, log, 'x', Priority::MESSAGES);
    source.event.Watch(inner, EPOLLIN | EPOLLONESHOT);
    Turn();
    CHECK(log.empty());
    REQUIRE(write(pipe.writer.Get(), "x", 1) == 1);
    Turn();
    Turn();
    CHECK(log == "x");
    REQUIRE(epoll_wait(inner.Get(), &registration, 1, 0) == 1); // takes the edge
    source.event.WatchAgain(EPOLLIN | EPOLLONESHOT);
    Turn();
    CHECK(log == "x");
    REQUIRE(write(pipe.writer.Get(), "x", 1) == 1);
    Turn();
    CHECK(log == "xx");
}

TEST_CASE_FIXTURE(Fixture, "what cannot be watched is an error") {
    FdEvent event(loop, Priority::MESSAGES, {});
    CHECK_THROWS_AS(event.Watch(sys::Fd(-1), EPOLLIN), std::system_error);
    CHECK_FALSE(event.IsWatching());
}

// --- timers and descriptors ------------------------------------------------------------------

TEST_CASE_FIXTURE(
    Fixture, "descriptors before timers: a known death spares its worker what the timer would do") {
    Source source(loop, log, 'd', Priority::SIGNALS);
    Alarm alarm(loop, log);
    alarm.timer.Schedule(1s);
    source.then = [&alarm] { alarm.timer.Cancel(); };
    source.Fill();
    clock.Advance(2s);
    Turn();
    CHECK(log == "d");
}

TEST_CASE_FIXTURE(Fixture, "a stop during a handler makes no timer of the same turn due") {
    sigset_t before, set;
    sigemptyset(&set);
    sigaddset(&set, SIGCONT);
    sigprocmask(SIG_BLOCK, &set, &before);
    Source source(loop, log, 's', Priority::SIGNALS);
    Alarm alarm(loop, log);
    alarm.timer.Schedule(2s);
    source.then = [this] {
        clock.Advance(1h);
        raise(SIGCONT);
    };
    source.Fill();
    Turn();
    CHECK(log == "s");
    CHECK(alarm.timer.IsPending());
    const timespec none = {};
    CHECK(sigtimedwait(&set, nullptr, &none) == SIGCONT);
    sigprocmask(SIG_SETMASK, &before, nullptr);
}

// --- deferred calls --------------------------------------------------------------------------

TEST_CASE_FIXTURE(Fixture, "a deferred call runs once, in the next turn, before descriptors") {
    Deferred deferred(loop, log, 'd');
    Source source(loop, log, 's', Priority::MESSAGES);
    source.then = [&deferred] { deferred.event.Schedule(); };
    source.Fill();
    Turn();
    CHECK(log == "s");
    CHECK(deferred.event.IsPending());
    source.then = nullptr;
    Turn();
    CHECK(log == "sds");
    CHECK_FALSE(deferred.event.IsPending());
    Turn();
    CHECK(log == "sdss");
}

TEST_CASE_FIXTURE(Fixture,
                  "what a deferred call defers waits for the turn after: others get in between") {
    Deferred deferred(loop, log, 'd');
    Source source(loop, log, 's', Priority::SIGNALS);
    deferred.then = [&deferred] { deferred.event.Schedule(); };
    deferred.event.Schedule();
    source.Fill();
    Turn();
    CHECK(log == "ds");
    Turn();
    CHECK(log == "dsds");
}

TEST_CASE_FIXTURE(Fixture, "deferred twice is called once, in the order of the first time") {
    Deferred a(loop, log, 'a'), b(loop, log, 'b');
    a.event.Schedule();
    b.event.Schedule();
    a.event.Schedule();
    Turn();
    CHECK(log == "ab");
}

TEST_CASE_FIXTURE(Fixture, "a deferred call that was cancelled, before or by another of its turn") {
    Deferred a(loop, log, 'a'), b(loop, log, 'b'), c(loop, log, 'c');
    a.then = [&b] { b.event.Cancel(); };
    a.event.Schedule();
    b.event.Schedule();
    c.event.Schedule();
    Turn();
    CHECK(log == "ac");
    b.event.Schedule();
    b.event.Cancel();
    Turn();
    CHECK(log == "ac");
}

TEST_CASE_FIXTURE(Fixture, "a deferred call destroys another one") {
    Deferred a(loop, log, 'a');
    auto b = std::make_unique<Deferred>(loop, log, 'b');
    a.then = [&b] { b.reset(); };
    a.event.Schedule();
    b->event.Schedule();
    Turn();
    Turn();
    CHECK(log == "a");
}

TEST_CASE_FIXTURE(Fixture, "with something deferred the loop does not wait") {
    Deferred a(loop, log, 'a');
    a.then = [this, &a] {
        if (log.size() < 3)
            a.event.Schedule();
    };
    a.event.Schedule();
    loop.Turn(Loop::Wait::YES); // would wait for ever, for nothing else is there
    loop.Turn(Loop::Wait::YES);
    CHECK(log == "aa");
}

// --- Run -------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(Fixture, "Break before Run: it does not begin") {
    Deferred deferred(loop, log, 'd');
    deferred.event.Schedule();
    loop.Break();
    loop.Run();
    CHECK(log.empty());
}

TEST_CASE_FIXTURE(Fixture, "Break in a deferred call: the loop does not wait any more") {
    Deferred deferred(loop, log, 'd');
    deferred.then = [this] { loop.Break(); };
    deferred.event.Schedule();
    loop.Run();
    CHECK(log == "d");
}

TEST_CASE_FIXTURE(Fixture, "Break in a handler ends Run after the turn") {
    Source source(loop, log, 's', Priority::MESSAGES), other(loop, log, 'o', Priority::REQUESTS);
    source.then = [this] { loop.Break(); };
    source.Fill();
    other.Fill();
    loop.Run();
    CHECK(log == "so");
}

// --- signals ---------------------------------------------------------------------------------

namespace {

struct Receiver {
    void OnSignals(const std::vector<signalfd_siginfo> &signals) noexcept {
        for (const signalfd_siginfo &signal : signals)
            numbers.push_back(static_cast<int>(signal.ssi_signo));
        calls++;
    }

    std::vector<int> numbers;
    int calls = 0;
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "all signals of a turn come in one call, the lowest number first") {
    sigset_t before, set;
    sigprocmask(SIG_SETMASK, nullptr, &before);
    sigemptyset(&set);
    for (const int signo : {SIGHUP, SIGUSR1, SIGTERM, SIGRTMIN + 1})
        sigaddset(&set, signo);
    {
        Receiver receiver;
        const SignalEvent event(loop, set,
                                SignalEvent::Callback::Make<&Receiver::OnSignals>(receiver));
        Turn();
        CHECK(receiver.calls == 0);
        for (const int signo : {SIGRTMIN + 1, SIGTERM, SIGHUP, SIGUSR1, SIGTERM})
            REQUIRE(kill(getpid(), signo) == 0);
        Turn();
        CHECK(receiver.calls == 1);
        CHECK(receiver.numbers == std::vector<int>{SIGHUP, SIGUSR1, SIGTERM, SIGRTMIN + 1});
        Turn();
        CHECK(receiver.calls == 1);
    }
    sigprocmask(SIG_SETMASK, &before, nullptr);
}
