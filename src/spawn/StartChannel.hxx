#pragma once

#include "spawn/child/ExecStage.hxx"
#include "sys/UniqueFd.hxx"

#include <optional>
#include <utility>

namespace spawn {

/** A start that failed: in which step, with which errno. */
struct LaunchFailure {
    ExecStage stage;
    int error;

    friend bool operator==(const LaunchFailure &, const LaunchFailure &) noexcept = default;
};

/** What a process brings that executes its command. */
struct Launched {
    /** The listener of its filter (sys::SeccompNotify): if it is closed, the filter's calls
     *  fail with ENOSYS. Undefined without a filter, and if the kernel refused it; the worker then
     *  runs as if none was asked for. */
    sys::UniqueFd notify = {};
    /** Why the filter was refused: an errno of seccomp(2), EBUSY if another listener is there. */
    int filter_error = 0;
};

/** The launcher's end of the pair of sockets over which a child tells how its start goes. The
 *  child's end is close-on-exec, so the end of the channel means that exec has succeeded. Never
 *  waits. */
class StartChannel {
public:
    enum class State : unsigned char { PENDING, EXECUTED, FAILED };

    /** A start that is over: it has executed. */
    StartChannel() noexcept = default;
    explicit StartChannel(sys::UniqueFd _fd) noexcept : fd(std::move(_fd)), state(State::PENDING) {}

    /** Readable if Look() has something to read. */
    sys::Fd Descriptor() const noexcept { return fd; }

    /** It is over, and nobody watches the descriptor any more: another child may hold a copy of
     *  it. */
    void Close() noexcept { fd.Close(); }

    /** Reads what the child has said so far. */
    State Look() noexcept;
    State GetState() const noexcept { return state; }

    /** After FAILED. */
    const LaunchFailure &Failure() const noexcept { return failure; }

    /** After EXECUTED: hands over what came. */
    Launched Take() noexcept { return std::move(launched); }

    /** Gives up waiting: FAILED with `failure`. */
    void Abandon(const LaunchFailure &failure) noexcept;

private:
    bool ReadOne() noexcept;

    sys::UniqueFd fd;
    State state = State::EXECUTED;
    Launched launched;
    LaunchFailure failure = {};
};

} // namespace spawn
