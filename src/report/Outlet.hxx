#pragma once

#include "sys/Writer.hxx"
#include "util/BoundMethod.hxx"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace report {

/** Whole lines to a descriptor that may be full, shared or gone, without ever waiting for it. What
 *  cannot be written is kept. The log and the events are kept up to a bound, then dropped and
 *  counted, and the count is told once there is room again; whoever adds the output of workers asks
 *  for room first, and loses nothing. */
class Outlet {
public:
    static constexpr std::size_t MOST_KEPT = 1024 * 1024, CROWDED = 256 * 1024;

    /** Does not own the descriptor. */
    explicit Outlet(sys::Fd fd) noexcept : writer(fd) {}

    /** Owns it. */
    explicit Outlet(sys::UniqueFd owned) noexcept : writer(std::move(owned)) {}

    /** `line` ends with a newline. */
    void Write(std::string_view line);

    /** A line of two parts, newline not included; whatever is kept already. Written with the next
     *  Flush(). */
    void Add(std::string_view begin, std::string_view end);

    /** Tries again to write what was kept; waits for the reader at most the given time. */
    void Flush(std::chrono::milliseconds patience = std::chrono::milliseconds(0)) noexcept;

    /** Lines dropped since it was asked last, as there was no room for them. */
    std::uint64_t TakeDropped() noexcept { return std::exchange(dropped, 0); }

    bool HasDropped() const noexcept { return dropped != 0; }

    /** Lines that went nowhere, as writing fails. */
    std::uint64_t TakeLost() noexcept { return std::exchange(lost, 0); }

    /** Nothing is kept. */
    bool HasRoom() const noexcept { return kept.empty(); }

    /** So much is kept that the output of workers has to wait. */
    bool IsCrowded() const noexcept { return kept.size() - done >= CROWDED; }

    /** Nobody will ever read it: EPIPE, EIO … */
    bool IsBroken() const noexcept { return broken; }

    /** The errno of the last write; 0: it succeeded. A full disk passes. */
    int Trouble() const noexcept { return trouble; }

    /** Gives up what is kept: how many lines. */
    std::uint64_t Discard() noexcept;

    /** Goes on with another descriptor. */
    void Replace(sys::UniqueFd owned) noexcept;

    /** What to wait for before the next Flush(); may be undefined, see sys::Writer. */
    sys::Fd Pollable() noexcept { return writer.Pollable(); }

    /** Long writes, for a descriptor that nobody else writes to; else each is at most PIPE_BUF
     *  bytes of whole lines, which others do not get in between. */
    void AllowLongWrites() noexcept { long_writes = true; }

    /** Is called when something is kept, or was added in vain, so that somebody flushes it. */
    void OnKept(util::BoundMethod<void()> _on_kept) noexcept { on_kept = _on_kept; }

private:
    void Append(std::string_view text);
    std::string_view NextPiece() const noexcept;
    void Fail(int error) noexcept;
    std::uint64_t Forget() noexcept;

    sys::Writer writer;
    util::BoundMethod<void()> on_kept;
    std::string kept;
    std::size_t done = 0; // of `kept`, written already
    std::uint64_t dropped = 0, lost = 0;
    int trouble = 0;
    bool broken = false, long_writes = false;
    bool mid_line = false; // what was written last had no newline at its end
};

} // namespace report
