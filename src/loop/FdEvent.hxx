#pragma once

#include "loop/Loop.hxx"
#include "util/BoundMethod.hxx"

namespace loop {

/** Waits for a descriptor, which is borrowed and must stay open while it is watched. */
class FdEvent {
public:
    using Callback = util::BoundMethod<void(std::uint32_t)>; // EPOLLIN, …

    FdEvent(Loop &_loop, Priority _priority, Callback _callback) noexcept
        : loop(_loop), priority(_priority), callback(_callback) {}
    ~FdEvent() noexcept { Cancel(); }

    FdEvent(const FdEvent &) = delete;
    FdEvent &operator=(const FdEvent &) = delete;

    /** Watches `fd` for `events` from now on. Throws std::system_error. */
    void Watch(sys::Fd fd, std::uint32_t events);

    /** The same descriptor for `events`, as is due after each call under EPOLLONESHOT. */
    void WatchAgain(std::uint32_t events) noexcept;

    void Cancel() noexcept;
    bool IsWatching() const noexcept { return watched.IsDefined(); }

private:
    friend class Loop;

    Loop &loop;
    const Priority priority;
    const Callback callback;
    sys::Fd watched;
};

} // namespace loop
