#pragma once

#include "sys/UniqueFd.hxx"

#include <utility>

namespace net {

/** The socket of a listener that one slot accepts from, or all slots where it is shared. It belongs to
 *  the launcher and outlives its workers: what waits in its queue is answered by the next one. */
class SlotSocket {
public:
    SlotSocket(sys::UniqueFd _fd, unsigned _slot) noexcept : fd(std::move(_fd)), slot(_slot) {}

    sys::Fd Socket() const noexcept { return fd; }
    unsigned Slot() const noexcept { return slot; }
    void Close() noexcept { fd.Close(); }

private:
    sys::UniqueFd fd;
    unsigned slot;
};

} // namespace net
