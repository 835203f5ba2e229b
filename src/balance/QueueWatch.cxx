#include "balance/QueueWatch.hxx"
#include "net/SocketState.hxx"
#include "sys/Error.hxx"

#include <algorithm>
#include <array>
#include <sys/epoll.h>

namespace balance {

QueueWatch::QueueWatch(loop::Loop &loop, util::BoundMethod<void()> _on_change)
    : on_change(_on_change), inner(sys::AdoptTag(), epoll_create1(EPOLL_CLOEXEC)),
      traffic(loop, loop::Priority::REQUESTS,
              loop::FdEvent::Callback::Make<&QueueWatch::OnArrival>(*this)),
      tick(loop, util::Bind<&QueueWatch::OnTick>(*this)) {
    if (!inner.IsDefined())
        throw sys::MakeErrno("cannot create an epoll descriptor");
    traffic.Watch(inner, EPOLLIN | EPOLLONESHOT);
}

void QueueWatch::Join(const net::Seat &socket) {
    const unsigned seat = socket.index;
    if (seat >= joined.size()) {
        joined.resize(seat + 1);
        arrived.resize(seat + 1);
    }
    epoll_event registration = {};
    registration.events = EPOLLIN | EPOLLET;
    registration.data.u32 = seat; // not the address: a worker can hold the socket longer than we do
    if (epoll_ctl(inner.Get(), EPOLL_CTL_ADD, socket.socket.Get(), &registration) != 0)
        throw sys::MakeErrno("cannot watch a queue");
    joined[seat] = &socket;
}

void QueueWatch::Leave(const net::Seat &socket) noexcept {
    if (!IsJoined(socket))
        return;
    epoll_ctl(inner.Get(), EPOLL_CTL_DEL, socket.socket.Get(), nullptr);
    joined[socket.index] = nullptr;
    active.erase(std::remove(active.begin(), active.end(), &socket), active.end());
    UpdatePace();
}

bool QueueWatch::IsJoined(const net::Seat &socket) const noexcept {
    return socket.index < joined.size() && joined[socket.index] == &socket;
}

void QueueWatch::SetActive(std::span<const net::Seat *const> _active) noexcept {
    active.assign(_active.begin(), _active.end());
    UpdatePace();
}

void QueueWatch::UpdatePace() {
    std::vector<unsigned> seats;
    seats.reserve(active.size());
    for (const net::Seat *socket : active)
        if (IsJoined(*socket))
            seats.push_back(socket->index);
    pace.SetActive(seats);
}

std::vector<const net::Seat *> QueueWatch::Keeping() const {
    std::vector<const net::Seat *> keeping;
    keeping.reserve(active.size());
    for (const net::Seat *socket : active)
        if (!pace.IsBehind(socket->index))
            keeping.push_back(socket);
    return keeping;
}

net::Standing QueueWatch::Keeps(const net::Seat &socket) const noexcept {
    if (!pace.IsBehind(socket.index))
        return net::Standing::ACTIVE;
    return pace.IsStuck(socket.index) ? net::Standing::BEHIND : net::Standing::BUSY;
}

/** The entry of the inner set is spent now: nothing wakes the loop until it is watched again. */
void QueueWatch::OnArrival(std::uint32_t) noexcept {
    quiet = 0;
    Look();
    LookLater();
}

void QueueWatch::OnTick() noexcept {
    quiet = Look() ? 0 : quiet + 1;
    if (quiet < QUIET)
        LookLater();
    else
        traffic.WatchAgain(EPOLLIN | EPOLLONESHOT);
}

void QueueWatch::LookLater() noexcept {
    tick.Schedule(PERIOD + std::chrono::milliseconds(seen.size() / READS_A_MILLISECOND));
}

/** Returns whether a connection came since the last look and still waits. */
bool QueueWatch::Look() noexcept {
    looks++;
    const bool any = TakeArrivals();
    seen.clear();
    for (const unsigned seat : pace.Open())
        Read(seat);
    for (const unsigned seat : arrivals)
        if (arrived[seat])
            Read(seat);
    if (pace.Look(seen))
        on_change();
    return any;
}

bool QueueWatch::TakeArrivals() noexcept {
    arrivals.clear();
    std::array<epoll_event, 64> events;
    int count = 0;
    do {
        count = epoll_wait(inner.Get(), events.data(), static_cast<int>(events.size()), 0);
        for (int i = 0; i < count; i++) {
            const unsigned seat = events[static_cast<std::size_t>(i)].data.u32;
            if (!pace.IsActive(seat))
                continue; // it is read when it becomes active
            arrived[seat] = true;
            arrivals.push_back(seat);
        }
    } while (count == static_cast<int>(events.size()));
    return !arrivals.empty();
}

void QueueWatch::Read(unsigned seat) {
    // A socket that a worker has shut down has no queue.
    const auto queue = net::QueueOf(joined[seat]->socket);
    seen.push_back({seat, queue ? queue->length : 0, arrived[seat]});
    arrived[seat] = false;
}

} // namespace balance
