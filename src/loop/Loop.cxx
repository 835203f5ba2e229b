#include "loop/Loop.hxx"
#include "loop/DeferEvent.hxx"
#include "loop/FdEvent.hxx"
#include "loop/TimerEvent.hxx"
#include "sys/Error.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <sys/epoll.h>

namespace loop {

namespace {

/** Shorter stops count as time: nothing tells them from a busy machine. */
constexpr std::chrono::seconds LATE{1};
constexpr std::chrono::minutes CREDULITY{1};

bool IsPending(int signo) noexcept {
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, signo) == 1;
}

} // namespace

Loop::Loop(Clock &_clock)
    : clock(_clock), mark(_clock.Now()), epoll(sys::AdoptTag(), epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll.IsDefined())
        throw sys::MakeErrno("cannot create an epoll descriptor");
}

void Loop::Run() noexcept {
    while (!broken) {
        RunDeferred();
        if (!broken)
            Poll(Wait::YES);
    }
}

void Loop::Turn(Wait wait) noexcept {
    RunDeferred();
    Poll(wait);
}

void Loop::Poll(Wait wait) noexcept {
    std::array<epoll_event, 64> events;
    const auto look = [this, &events](int timeout) noexcept {
        return epoll_wait(epoll.Get(), events.data(), static_cast<int>(events.size()), timeout);
    };
    // Only the second call waits, so that a busy loop never counts a stop as a wait.
    int count = look(0);
    SkipRun();
    if (const int timeout = TimeoutMilliseconds(wait); count == 0 && timeout != 0) {
        const auto waited_for = timeout > 0 ? std::optional(timers.begin()->first) : std::nullopt;
        count = look(timeout);
        SkipWait(count < 0 && errno == EINTR, waited_for);
    }
    for (int i = 0; i < count; i++) {
        const epoll_event &event = events[static_cast<std::size_t>(i)];
        ready.push_back({static_cast<FdEvent *>(event.data.ptr), event.events});
    }
    // Descriptors first: a death that is already known spares its worker what a timer would do.
    RunReady();
    RunTimers();
}

/** Before any handler, so that what these schedule counts from the right time. */
void Loop::SkipWait(bool interrupted, std::optional<TimePoint> waited_for) noexcept {
    const TimePoint now = clock.Now();
    // No handler runs here, so what interrupts epoll_wait(2) is a stop, see signal(7).
    if (interrupted && now - mark >= LATE)
        clock.Skip(now - mark);
    else if (waited_for && now - *waited_for >= LATE)
        clock.Skip(now - *waited_for);
    mark = clock.Now();
}

/** After each handler, before another one reads the SIGCONT. */
void Loop::SkipRun() noexcept {
    const TimePoint now = clock.Now();
    if (now - mark >= LATE && mark >= credulous && IsPending(SIGCONT)) {
        clock.Skip(now - mark);
        credulous = clock.Now() + CREDULITY;
    }
    mark = clock.Now();
}

int Loop::TimeoutMilliseconds(Wait wait) const noexcept {
    if (wait == Wait::NO || !deferred.empty())
        return 0;
    if (timers.empty())
        return -1;
    const auto left = timers.begin()->first - clock.Now();
    // Rounded up: a turn that comes a moment too early would find nothing due and turn again.
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, INT_MAX));
}

void Loop::RunDeferred() noexcept {
    // What is deferred meanwhile waits for the next turn, so that signals get in between.
    const std::size_t count = deferred.size();
    for (std::size_t i = 0; i < count; i++) {
        DeferEvent *event = deferred[i];
        if (event == nullptr)
            continue;
        deferred[i] = nullptr;
        event->pending = false;
        event->callback();
        SkipRun();
    }
    deferred.erase(deferred.begin(), deferred.begin() + static_cast<std::ptrdiff_t>(count));
}

void Loop::RunTimers() noexcept {
    const TimePoint now = clock.Now();
    while (!timers.empty() && timers.begin()->first <= now) {
        TimerEvent &event = *timers.begin()->second;
        event.Cancel();
        event.callback();
        SkipRun();
    }
}

void Loop::RunReady() noexcept {
    std::stable_sort(ready.begin(), ready.end(), [](const Ready &a, const Ready &b) {
        return a.event->priority < b.event->priority;
    });
    // By index, and read anew each time: handlers may cancel others (Forget).
    for (std::size_t i = 0; i < ready.size(); i++)
        if (ready[i].event != nullptr) {
            ready[i].event->callback(ready[i].events);
            SkipRun();
        }
    ready.clear();
}

void Loop::Forget(const FdEvent &event) noexcept {
    for (Ready &entry : ready)
        if (entry.event == &event)
            entry.event = nullptr;
}

} // namespace loop
