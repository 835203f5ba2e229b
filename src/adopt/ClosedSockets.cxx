#include "adopt/ClosedSockets.hxx"
#include "net/SocketState.hxx"

#include <algorithm>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace adopt {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds PAUSE = 50ms, REST = 1s, LONGEST_REST = 16s;

bool IsAdopted(const net::Listener &listener) noexcept {
    return listener.Spec().origin == net::ListenSpec::Origin::ADOPTED;
}

} // namespace

struct ClosedSockets::Watched {
    Watched(ClosedSockets &_owner, net::Listener &_listener, const net::Seat &_seat) noexcept
        : owner(_owner), listener(_listener), seat(_seat.index), socket(_seat.socket),
          inode(net::InodeOf(_seat.socket)),
          event(_owner.adoption.loop, loop::Priority::REQUESTS,
                loop::FdEvent::Callback::Make<&Watched::OnArrival>(*this)) {}

    void OnArrival(std::uint32_t) noexcept {
        Enter(State::ARRIVED, PAUSE);
        owner.Ring();
    }

    void Enter(State next, std::chrono::milliseconds pause) noexcept {
        state = next;
        due = owner.adoption.loop.Now() + pause;
    }

    ClosedSockets &owner;
    net::Listener &listener;
    const unsigned seat;
    const sys::Fd socket;
    const std::uint64_t inode;
    Handed handed;
    State state = State::ARMED;
    bool is_new = true; // its worker has listened there since the search began
    loop::TimePoint due;
    std::chrono::milliseconds rest = REST; // after a search that was in vain, longer
    unsigned waiting = 0; // connections, as of the last look
    loop::FdEvent event;
};

ClosedSockets::ClosedSockets(Adoption &_adoption, ListenerClosing &_closing) noexcept
    : adoption(_adoption), closing(_closing),
      search(_adoption.loop, _adoption.errands, HeldSearch::NOBODY, HeldSearch::Pace::AT_ONCE,
             HeldSearch::Done::Make<&ClosedSockets::OnHeld>(*this)),
      timer(_adoption.loop, util::Bind<&ClosedSockets::OnTimer>(*this)) {}

ClosedSockets::~ClosedSockets() noexcept = default;

void ClosedSockets::Watch(const pool::WorkerRef &worker, net::Listener &listener,
                          const Handed &handed) {
    // One socket for all workers cannot be taken from one of them.
    if (over || listener.Spec().at.type != SOCK_STREAM ||
        (listener.IsShared() && !IsAdopted(listener)))
        return;
    const net::Seat &seat = listener.Sockets().Of(worker.seat);
    if (!seat.socket.IsDefined())
        return;
    auto found = std::find_if(sockets.begin(), sockets.end(), [&](const Watched &one) {
        return &one.listener == &listener && one.seat == seat.index;
    });
    if (found == sockets.end()) {
        found = sockets.emplace(sockets.end(), *this, listener, seat);
        try {
            found->event.Watch(seat.socket, EPOLLIN | EPOLLONESHOT);
        } catch (const std::system_error &) { // its clients wait
            sockets.erase(found);
            return;
        }
    }
    found->is_new = true;
    found->handed = handed;
}

void ClosedSockets::Gone(const pool::WorkerRef &worker) noexcept {
    sockets.remove_if([&worker](const Watched &one) {
        return one.seat == worker.seat && !one.listener.IsShared();
    });
}

void ClosedSockets::Forget(const net::Listener &listener) noexcept {
    sockets.remove_if([&listener](const Watched &one) { return &one.listener == &listener; });
}

void ClosedSockets::End() noexcept {
    over = true;
    sockets.clear();
    search.Cancel();
    timer.Cancel();
}

void ClosedSockets::OnTimer() noexcept {
    const loop::TimePoint now = adoption.loop.Now();
    bool any = false;
    for (Watched &one : sockets) {
        if (one.state != State::ARMED && one.due <= now)
            Step(one);
        any = any || one.state == State::SUSPECT;
    }
    if (any && !search.IsUnderWay())
        Search();
    Ring();
}

void ClosedSockets::Step(Watched &one) noexcept {
    if (one.state == State::RESTING) {
        one.state = State::ARMED;
        one.event.WatchAgain(EPOLLIN | EPOLLONESHOT);
        return;
    }
    if (one.state == State::SUSPECT || one.state == State::SEARCHED)
        return;
    const unsigned before = one.waiting;
    one.waiting = net::WaitingConnections(one.socket);
    if (one.waiting == 0)
        one.rest = REST;
    if (one.waiting == 0 || (one.state == State::WAITING && one.waiting < before))
        one.Enter(State::RESTING, one.rest);
    else if (one.state == State::ARRIVED)
        one.Enter(State::WAITING, PAUSE);
    else
        one.state = State::SUSPECT;
}

/** When the next one is due. */
void ClosedSockets::Ring() noexcept {
    std::optional<loop::TimePoint> first;
    for (const Watched &one : sockets)
        if (one.state == State::ARRIVED || one.state == State::WAITING ||
            one.state == State::RESTING)
            first = std::min(first.value_or(one.due), one.due);
    if (first)
        timer.ScheduleAt(*first);
}

void ClosedSockets::Search() noexcept {
    HeldSearch::Inodes inodes; // an adopted listener has others that may be held
    Handed handed;
    for (Watched &one : sockets) {
        if (one.state != State::SUSPECT)
            continue;
        const auto own = IsAdopted(one.listener) ? adoption.InodesOf(one.listener)
                                                 : std::vector<std::uint64_t>{one.inode};
        if (!inodes.empty() && inodes.size() + own.size() > HeldSearch::MOST_SOCKETS)
            continue; // the next search
        inodes.insert(own.begin(), own.end());
        handed.Add(one.handed);
        one.state = State::SEARCHED;
        one.is_new = false;
    }
    search_began = adoption.Moment();
    search.Start(getpid(), false, 0, {inodes.begin(), inodes.end()}, std::move(handed));
}

void ClosedSockets::OnHeld(std::optional<HeldSearch::Inodes> held) noexcept {
    std::vector<net::Listener *> unheld;
    for (Watched &one : sockets) {
        if (one.state != State::SEARCHED)
            continue;
        one.rest = std::min(2 * one.rest, LONGEST_REST);
        one.Enter(State::RESTING, one.rest);
        if (!held || one.is_new || held->contains(one.inode))
            continue;
        if (IsAdopted(one.listener) && !adoption.IsHeld(one.listener, *held, search_began)) {
            if (std::find(unheld.begin(), unheld.end(), &one.listener) == unheld.end())
                unheld.push_back(&one.listener);
        } else if (!one.listener.IsShared()) {
            adoption.reporter.Say(report::Level::DEBUG,
                                  fmt::format("the worker of seat {} has closed its socket of {}: "
                                              "others get the connections",
                                              one.seat, one.listener.Where()));
            static_cast<void>(one.listener.Rescue(one.seat, net::Listener::Holder::NOBODY));
        }
    }
    for (net::Listener *listener : unheld)
        if (!closing.IsWanted(*listener))
            adoption.Close(*listener);
    if (std::any_of(sockets.begin(), sockets.end(),
                    [](const Watched &one) { return one.state == State::SUSPECT; }))
        Search();
    Ring();
}

} // namespace adopt
