#pragma once

#include "output/Drain.hxx"
#include "pool/Agent.hxx"

#include <string>

namespace output {

class Stream;

/** Gets the lines of streams. */
class LineTaker {
public:
    virtual ~LineTaker() = default;
    virtual void Take(const Stream &stream, std::string_view line) noexcept = 0;
    virtual void Ended(Stream &stream) noexcept = 0;
};

/** What a worker, and whatever it starts, writes to its standard output or error: the reading end
 *  of a pipe, cut into lines. It is read only while its drain has room; the worker waits then, as
 *  it would for any slow reader. It lives until the last writer has gone. */
class Stream final : public Source {
public:
    /** Borrows all but the descriptor, which does not block. Throws std::system_error. */
    Stream(loop::Loop &loop, LineTaker &taker, Drain &drain, sys::UniqueFd reader,
           const pool::WorkerRef &worker, bool is_error, std::string prefix);
    ~Stream() override;

    const pool::WorkerRef &Worker() const noexcept { return worker; }
    void SetPid(pid_t pid) noexcept { worker.pid = pid; }
    bool IsError() const noexcept { return is_error; }
    const std::string &Prefix() const noexcept { return prefix; }
    Drain &GetDrain() const noexcept { return drain; }
    bool HasEnded() const noexcept { return !reader.IsDefined(); }

    /** Reads on as long as there is something and room for it, but not what somebody writes
     *  meanwhile without end. */
    void ReadOn() noexcept;

    /** The last writer has gone: what is there is all there will be. */
    void Finish() noexcept;

    /** Drops all that a pipe can hold and closes it. Returns the number of lines. */
    std::size_t Discard() noexcept;

    void Resume() noexcept override;
    void Close() noexcept override { End(); }

private:
    enum class Got { SOMETHING, NOTHING, END };

    void OnReadable(std::uint32_t) noexcept { (void)Read(); }
    Got Read() noexcept;
    void Feed(std::string_view text) noexcept;
    void End() noexcept;
    void Watch() noexcept;

    LineTaker &taker;
    Drain &drain;
    sys::UniqueFd reader;
    loop::FdEvent readable;
    pool::WorkerRef worker;
    const bool is_error;
    const std::string prefix;
    std::string kept; // a line whose end has not come yet; more where the drain has no room
    bool waiting = false; // for room
    bool finishing = false;
};

} // namespace output
