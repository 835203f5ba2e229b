#pragma once

#include "net/Seat.hxx"

#include <vector>

namespace net {

/** Becomes readable when a worker has shut down a listening socket, but not for connections unless
 *  that is asked for. */
class Alarm {
public:
    /** A socket: of which listener, and whose seat. */
    struct Place {
        unsigned listener, seat;
    };

    bool IsOpen() const noexcept { return set.IsDefined(); }

    /** Until then nothing is watched. Throws std::system_error. */
    void Open();

    /** What becomes readable. */
    sys::Fd Get() const noexcept { return set; }

    /** `listener`: its serial number. `arrivals`: it raises the alarm for connections as well. A
     *  second call for the same socket looks again. If the kernel has no room for it, the end of
     *  the worker is still looked at. */
    void Watch(unsigned listener, const Seat &seat, bool arrivals) noexcept;

    /** Before it is closed: the copies of the workers would keep it in the set. */
    void Unwatch(const Seat &seat) noexcept;

    /** What has raised it since the last call. At most 64: the others raise it again. */
    std::vector<Place> Take() noexcept;

private:
    sys::UniqueFd set; // epoll(7)
};

} // namespace net
