#pragma once

#include "sys/UniqueFd.hxx"

#include <cstdint>
#include <string>
#include <string_view>

namespace report {

/** Whole lines to a descriptor that may be full, shared or gone, without ever waiting for it and
 *  without touching its O_NONBLOCK flag, which belongs to everybody who has it. What cannot be written
 *  is kept up to a bound, then dropped and counted; the count is told once there is room again. */
class Outlet {
public:
    /** Does not own the descriptor. */
    explicit Outlet(sys::Fd _fd) noexcept : fd(_fd) {}

    /** Owns it. */
    explicit Outlet(sys::UniqueFd _owned) noexcept : owned(std::move(_owned)), fd(owned) {}

    /** `line` ends with a newline. */
    void Write(std::string_view line);

    /** Tries again to write what was kept; waits for the reader at most the given time. */
    void Flush(int wait_milliseconds = 0) noexcept;

    /** Lines dropped since it was asked last. */
    std::uint64_t TakeDropped() noexcept { return std::exchange(dropped, 0); }
    bool HasRoom() const noexcept { return kept.empty(); }

private:
    sys::UniqueFd owned;
    sys::Fd fd;
    std::string kept;
    std::uint64_t dropped = 0;
    bool broken = false; // EPIPE, EIO …: nobody will ever read it
};

} // namespace report
