#pragma once

#include "loop/TimerEvent.hxx"
#include "net/ListenSpec.hxx"
#include "pool/Agent.hxx"
#include "pool/Lifecycle.hxx"
#include "pool/RestartPolicy.hxx"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace pool {

class Slot;

/** The end of a worker, or that there was none. */
struct LastEnd {
    loop::TimePoint when;
    loop::TimePoint::duration ready_for{0};
    ExitStatus status;
    std::optional<spawn::LaunchFailure> launch_failure; // in place of a status
    bool oom = false; // killed by the kernel for want of memory
    bool not_ready = false; // in time: no success, whatever the status
};

/** "exit status 1", "killed by SIGKILL", "not ready in time": why a slot needs a new worker. */
std::string Describe(const LastEnd &end);

/** What a slot asks of its pool, in the words of the table. */
class SlotOwner {
public:
    virtual ~SlotOwner() = default;
    virtual void Perform(Slot &slot, Action action) noexcept = 0;
};

/** A position that a worker fills, and its replacement after it: where it stands in the life of the
 *  table, and its timer. It decides nothing. */
class Slot {
public:
    Slot(loop::Loop &_loop, SlotOwner &_owner, unsigned index) noexcept
        : loop(_loop), owner(_owner), timer(_loop, util::Bind<&Slot::OnTimer>(*this)) {
        worker.slot = index;
    }

    unsigned Index() const noexcept { return worker.slot; }
    State GetState() const noexcept { return state; }

    /** The step of the table: next state, then the action. */
    void Fire(Trigger trigger) noexcept;

    /** Fires after a delay, unless something is scheduled after it. */
    void Schedule(Trigger trigger, std::chrono::milliseconds delay);
    void Unschedule() noexcept { timer.Cancel(); }

    /** What is scheduled comes in `time` at the earliest, but never before its own time. */
    void Postpone(std::chrono::milliseconds time);
    bool IsScheduled() const noexcept { return timer.IsPending(); }

    // The worker that is here, or was here last; kept by the pool.
    WorkerRef worker;
    std::optional<loop::TimePoint> ready_since;
    bool asked_to_end = false; // exitedAfterDisconnect
    std::optional<std::string_view> killed; // by the pool: why
    bool dismissed = false; // it was not ready in time
    std::vector<net::Endpoint> listening; // where it was seen to
    std::set<pid_t> told; // what it left behind and has got the stop signal
    bool killing_left = false; // what it left behind gets SIGKILL now

    // How the last one ended, and what comes of it.
    LastEnd last;
    RestartHistory history;
    RestartPolicy::Decision next;

private:
    void OnTimer() noexcept { Fire(due); }

    loop::Loop &loop;
    SlotOwner &owner;
    State state = State::IDLE;
    Trigger due = Trigger::DUE;
    loop::TimePoint due_at; // as first scheduled
    loop::TimerEvent timer;
};

} // namespace pool
