#pragma once

#include "loop/DeferEvent.hxx"
#include "loop/FdEvent.hxx"
#include "report/Outlet.hxx"

#include <deque>
#include <vector>

namespace output {

/** What feeds a drain. */
class Source {
public:
    virtual ~Source() = default;

    /** There is room again. */
    virtual void Resume() noexcept = 0;

    /** Nobody will read any more of it. */
    virtual void Close() noexcept = 0;
};

/** An outlet in the loop: what it keeps is written as soon as its reader takes it, and sources wait
 *  for their turn, the longest first. */
class Drain {
public:
    /** What becomes of the sources when the reader has gone: closed, so that their writers learn
     *  it, or drained into nothing. */
    enum class Gone : std::uint8_t { CLOSE, SWALLOW };

    Drain(loop::Loop &loop, report::Outlet &&outlet, Gone gone) noexcept;
    Drain(const Drain &) = delete;
    Drain &operator=(const Drain &) = delete;

    report::Outlet &GetOutlet() noexcept { return outlet; }

    /** Called after each flush. */
    void OnFlushed(util::BoundMethod<void(Drain &)> _on_flushed) noexcept {
        on_flushed = _on_flushed;
    }

    // A source is attached from its making to its end.
    void Attach(Source &source) { sources.push_back(&source); }
    void Detach(Source &source) noexcept;
    bool HasSources() const noexcept { return !sources.empty(); }

    /** Sources that come now are closed at once. */
    bool IsClosed() const noexcept { return gone == Gone::CLOSE && outlet.IsBroken(); }

    /** Goes on with another descriptor. */
    void Replace(sys::UniqueFd fd) noexcept;

    /** May a source write a line now? */
    bool MakeRoom() noexcept;

    /** Resume() will be called. */
    void Wait(Source &source) { waiting.push_back(&source); }

    /** Writes what can be written now, and lets sources go on. */
    void Flush() noexcept;

private:
    void OnKept() noexcept { flush_event.Schedule(); }
    void OnWritable(std::uint32_t) noexcept { Flush(); }
    void AwaitReader() noexcept;
    void CloseSources() noexcept;

    report::Outlet outlet;
    const Gone gone;
    loop::FdEvent writable;
    loop::DeferEvent flush_event; // one write for all lines of a turn
    std::vector<Source *> sources;
    std::deque<Source *> waiting;
    util::BoundMethod<void(Drain &)> on_flushed;
};

} // namespace output
