#pragma once

#include "pool/Commands.hxx"
#include "pool/Context.hxx"
#include "pool/Leftovers.hxx"
#include "pool/WorkerEnd.hxx"
#include "pool/WorkerLife.hxx"
#include "pool/WorkerSignals.hxx"
#include "pool/WorkerSpec.hxx"
#include "pool/WorkerTimer.hxx"
#include "spawn/Start.hxx"

#include <memory>
#include <optional>
#include <string_view>

namespace pool {

class Worker;

/** The calls of a worker to its slot. None of these may destroy it. */
class WorkerOwner {
public:
    virtual ~WorkerOwner() = default;

    /** Its command executes. */
    virtual void OnOnline(Worker &worker) noexcept = 0;
    virtual void OnReady(Worker &worker) noexcept = 0;

    /** Its process has ended, or it could not be started: Worker::End(). */
    virtual void OnEnded(Worker &worker) noexcept = 0;

    /** Nothing is left of it. It may be destroyed in a deferred call. */
    virtual void OnGone(Worker &worker) noexcept = 0;
};

/** One process started from the command, from the fork to its last leftover: its state, its own
 *  stop ladder, its timer, and the seat that it occupies. Its slot owns it and destroys it in a
 *  deferred call. */
class Worker {
public:
    /** How long a process may outlive SIGKILL before it is given up. */
    static constexpr std::chrono::seconds STUCK_AFTER{10};

    /** The same if it never executed its command, and how long a stop waits for that. */
    static constexpr std::chrono::seconds UNSTARTED_PATIENCE{1};

    Worker(const Context &context, WorkerOwner &_owner, const WorkerRef &_ref,
           std::shared_ptr<const WorkerSpec> _spec) noexcept;

    /** All that it owns and knows, for a launcher that takes this one's place. Its process is in
     *  the description of the Reaper. Its spec has served its purpose with the start. */
    struct Description {
        WorkerRef ref;
        WorkerState state = WorkerState::READY;
        ChildId process;
        bool ready_shown = false, dismissed = false, listens = false;
        bool was_killed = false;

        /** Its leftovers get KILL. */
        bool kills_leftovers = false;
        std::chrono::milliseconds ready_timeout{0};
        std::optional<loop::TimePoint> ready_since;
        WorkerEnd end;
        WorkerSignals::Description signals;
        StopLadder::Description ladder;
        WorkerTimer::Description timer;

        friend bool operator==(const Description &, const Description &) noexcept = default;
    };

    /** Goes on from there. The context's Reaper knows the process, and its table the occupant of
     *  the seat. Call it within a TriggerQueue::Batch: a worker that is clearing may be gone at
     *  once. */
    Worker(const Description &made, const Context &context, WorkerOwner &owner);

    /** Not of one that is on its way to its command, which takes spawn::Start::LIMIT at most. */
    Description Describe() const;

    Worker(const Worker &) = delete;
    Worker &operator=(const Worker &) = delete;

    const WorkerRef &Ref() const noexcept { return ref; }
    WorkerState State() const noexcept { return state; }

    /** After OnEnded. */
    const WorkerEnd &End() const noexcept { return end; }

    /** It was seen to listen somewhere. */
    bool Listens() const noexcept { return listens; }

    /** Forks; the rest is asynchronous. */
    void Start() noexcept;

    /** A sign showed that it is ready. */
    void BecomeReady(Sign sign) noexcept;

    /** It has failed if it is not ready by then. */
    void LimitStart(std::chrono::milliseconds timeout);

    /** See Facts::Listening. */
    int Listen(net::Listener &listener, How how) noexcept;

    /** It gets no new connections. */
    void Withdraw() noexcept;

    /** Asks for its end, by its own ladder; once more hurries. */
    void Leave(const StopRequest &request) noexcept;

    WorkerSignals &Signals() noexcept { return signals; }

    /** Delays its timer and its ladder: at least this much time from now. */
    void Extend(std::chrono::milliseconds time);

private:
    void Post(WorkerTrigger trigger) noexcept;
    void OnTrigger(std::uint8_t trigger) noexcept;
    void Perform(WorkerAction action) noexcept;
    void OnSettled() noexcept;
    void FailStart(const spawn::LaunchFailure &failure, const std::string &message) noexcept;
    void Activate() noexcept;
    void SendStopSignal() noexcept;
    void Dismiss() noexcept;
    void Kill() noexcept;
    void OnExit(ExitStatus status) noexcept;
    void Finish(ExitStatus status) noexcept;
    void Abandon() noexcept;
    void Clear(bool kill) noexcept;
    void Depart() noexcept;

    /** For those that call without an argument. */
    template <WorkerTrigger trigger> void Trigger() noexcept { Post(trigger); }

    const Context &context;
    WorkerOwner &owner;
    WorkerRef ref;
    const std::shared_ptr<const WorkerSpec> spec;
    WorkerState state = WorkerState::STARTING;
    std::unique_ptr<spawn::Start> start;
    ChildId process;
    WorkerSignals signals;
    bool executed = false;
    bool ready_shown = false;

    /** It was not ready in time. */
    bool dismissed = false;
    bool listens = false;

    /** By the launcher, because it had not ended in time. */
    bool was_killed = false;
    std::chrono::milliseconds ready_timeout{0};
    std::optional<loop::TimePoint> ready_since;
    WorkerEnd end;
    StopLadder ladder;
    WorkerTimer timer;

    /** Since its process has ended. */
    std::optional<Leftovers> leftovers;
};

} // namespace pool
