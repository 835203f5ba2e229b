#pragma once

#include "sys/UniqueFd.hxx"

#include <cstdint>
#include <string_view>
#include <sys/types.h>

namespace sys {

/** Writes to a descriptor that may be full, shared or gone, and never waits for it. O_NONBLOCK
 *  belongs to everybody who has the descriptor and is left alone. Pipes and terminals are opened
 *  once more through /proc/self/fd, which gives an open file description of our own; where that
 *  cannot be done, poll(2) says whether PIPE_BUF bytes fit (pipe(7)). Sockets take MSG_DONTWAIT.
 *  What cannot be polled, regular files and most devices, is written to directly. All that is found
 *  out at the first use. */
class Writer {
public:
    explicit Writer(Fd _fd) noexcept : fd(_fd) {}

    /** Owns it; where O_NONBLOCK is set, it is taken for the owner's own. */
    explicit Writer(UniqueFd _owned) noexcept : owned(std::move(_owned)), fd(owned) {}

    /** As write(2): what was written, or -1 with errno, EAGAIN where it would have to wait. The
     *  signal for a pipe without a reader is the caller's to block. */
    ssize_t Write(std::string_view text) noexcept;

    /** What to wait for before writing on; undefined where nothing ever has to. */
    Fd Pollable() noexcept;

private:
    enum class Way : std::uint8_t { UNKNOWN, OWN, SOCKET, POLLED, DIRECT };

    void FindWay() noexcept;
    bool Reopen() noexcept;

    UniqueFd owned, reopened;
    Fd fd;
    Way way = Way::UNKNOWN;
};

/** Do both lead to the same pipe, socket, file or terminal? */
bool IsSameFile(Fd one, Fd other) noexcept;

} // namespace sys
