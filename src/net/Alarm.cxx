#include "net/Alarm.hxx"
#include "sys/Error.hxx"

#include <array>
#include <cerrno>
#include <sys/epoll.h>

namespace net {

void Alarm::Open() {
    set = sys::UniqueFd(sys::AdoptTag(), epoll_create1(EPOLL_CLOEXEC));
    if (!set.IsDefined())
        throw sys::MakeErrno("cannot watch the listening sockets");
}

/** Edge-triggered, for an event that a listening socket has only then: arrivals wake nobody. */
void Alarm::Watch(unsigned listener, const Seat &seat, bool arrivals) noexcept {
    if (!IsOpen() || !seat.socket.IsDefined())
        return;
    epoll_event event = {};
    event.events = EPOLLRDHUP | EPOLLET; // EPOLLHUP always is
    if (arrivals)
        event.events |= EPOLLIN;
    event.data.u64 = (static_cast<std::uint64_t>(listener) << 32) | seat.index;
    const int fd = seat.socket.Get();
    if (epoll_ctl(set.Get(), EPOLL_CTL_ADD, fd, &event) != 0 && errno == EEXIST)
        epoll_ctl(set.Get(), EPOLL_CTL_MOD, fd, &event);
}

void Alarm::Unwatch(const Seat &seat) noexcept {
    if (IsOpen() && seat.socket.IsDefined())
        epoll_ctl(set.Get(), EPOLL_CTL_DEL, seat.socket.Get(), nullptr);
}

std::vector<Alarm::Place> Alarm::Take() noexcept {
    std::vector<Place> places;
    if (!IsOpen())
        return places;
    std::array<epoll_event, 64> events = {};
    const int found = epoll_wait(set.Get(), events.data(), events.size(), 0);
    for (int i = 0; i < found; i++) {
        const std::uint64_t key = events[static_cast<std::size_t>(i)].data.u64;
        places.push_back({static_cast<unsigned>(key >> 32), static_cast<unsigned>(key)});
    }
    return places;
}

} // namespace net
