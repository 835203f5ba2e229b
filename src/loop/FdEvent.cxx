#include "loop/FdEvent.hxx"
#include "sys/Error.hxx"

#include <sys/epoll.h>

namespace loop {

void FdEvent::Watch(sys::Fd fd, std::uint32_t events) {
    Cancel();
    epoll_event registration = {};
    registration.events = events;
    registration.data.ptr = this;
    if (epoll_ctl(loop.epoll.Get(), EPOLL_CTL_ADD, fd.Get(), &registration) != 0)
        throw sys::MakeErrno("cannot watch a descriptor");
    watched = fd;
}

void FdEvent::WatchAgain(std::uint32_t events) noexcept {
    epoll_event registration = {};
    registration.events = events;
    registration.data.ptr = this;
    // It is in the set and its entry is there already: epoll_ctl(2) has nothing to refuse.
    epoll_ctl(loop.epoll.Get(), EPOLL_CTL_MOD, watched.Get(), &registration);
}

void FdEvent::Cancel() noexcept {
    if (!watched.IsDefined())
        return;
    epoll_ctl(loop.epoll.Get(), EPOLL_CTL_DEL, watched.Get(), nullptr);
    watched = sys::Fd();
    loop.Forget(*this);
}

} // namespace loop
