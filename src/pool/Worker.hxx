#pragma once

#include "loop/TimerEvent.hxx"
#include "pool/Commands.hxx"
#include "pool/Context.hxx"
#include "pool/Leftovers.hxx"
#include "pool/WorkerEnd.hxx"
#include "pool/WorkerLife.hxx"
#include "pool/WorkerSpec.hxx"
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

    /** To its main process, if there is one. */
    void Signal(int signo) noexcept;

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
    void Clear() noexcept;
    void Depart() noexcept;
    void Schedule(WorkerTrigger trigger, std::chrono::milliseconds delay);
    void OnTimer() noexcept { Post(due); }

    /** For those that call without an argument. */
    template <WorkerTrigger trigger> void Trigger() noexcept { Post(trigger); }

    const Context &context;
    WorkerOwner &owner;
    WorkerRef ref;
    const std::shared_ptr<const WorkerSpec> spec;
    WorkerState state = WorkerState::STARTING;
    std::unique_ptr<spawn::Start> start;
    ChildId process;
    bool executed = false;
    bool ready_shown = false;
    bool dismissed = false; // it was not ready in time
    bool listens = false;
    bool has_signal = false; // the terminal has sent it the signal of the stop already
    std::chrono::milliseconds ready_timeout{0};
    std::optional<loop::TimePoint> ready_since;
    std::optional<std::string_view> killed; // by the launcher: why
    WorkerEnd end;
    StopLadder ladder;
    WorkerTrigger due = WorkerTrigger::LATE; // what the timer triggers
    loop::TimePoint due_at; // as first scheduled
    loop::TimerEvent timer;
    std::optional<Leftovers> leftovers; // since its process has ended
};

} // namespace pool
