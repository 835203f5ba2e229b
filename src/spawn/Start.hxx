#pragma once

#include "loop/FdEvent.hxx"
#include "loop/TimerEvent.hxx"
#include "spawn/Launcher.hxx"

#include <chrono>
#include <string>

namespace spawn {

/** One start under way: from the fork until the command executes or something has failed. The
 *  process belongs to the caller, who reaps it. */
class Start {
public:
    using State = StartChannel::State;

    /** A child that has not executed its command by then has failed, with ETIMEDOUT: something
     *  holds it up, such as a file system that does not answer. */
    static constexpr std::chrono::seconds LIMIT{10};

    /** `on_settled` is called once, from the loop or from Look(), when the state is not PENDING any
     *  more; it must not destroy this. `spec` is kept for the text of a failure. If the
     *  channel cannot be watched, the start has failed: call Look(). */
    Start(loop::Loop &loop, StartChannel channel, LaunchSpec spec,
          util::BoundMethod<void()> on_settled);

    Start(const Start &) = delete;
    Start &operator=(const Start &) = delete;

    /** Reads what there is now. Call it if the worker has acted, because its start is over then. */
    State Look() noexcept;
    State GetState() const noexcept { return channel.GetState(); }

    /** Once, after EXECUTED. Frees the spec, which has the whole environment of the worker. */
    Launched Take() noexcept {
        spec = {};
        return channel.Take();
    }

    /** After FAILED; the process may still be there and has to be killed then. */
    const LaunchFailure &Failure() const noexcept { return channel.Failure(); }

    /** Nobody waits for it any more: FAILED with ETIMEDOUT, unless it is settled. */
    void Abandon() noexcept;

    /** The same for people. */
    std::string DescribeFailure() const { return Describe(channel.Failure(), spec); }

private:
    void OnReadable(std::uint32_t) noexcept { Look(); }
    void Settle() noexcept;

    StartChannel channel;
    LaunchSpec spec;
    const util::BoundMethod<void()> on_settled;
    bool settled = false;
    loop::FdEvent event;
    loop::TimerEvent limit;
};

} // namespace spawn
