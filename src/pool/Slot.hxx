#pragma once

#include "pool/Commands.hxx"
#include "pool/RestartPolicy.hxx"
#include "pool/SlotLife.hxx"
#include "pool/SlotWorkers.hxx"

#include <optional>

namespace pool {

class Slot;

/** The calls of a slot to its pool. None of these may destroy the slot. */
class SlotOwner {
public:
    virtual ~SlotOwner() = default;

    /** Is a worker that ended like this to have a replacement? */
    virtual bool Replaces(const WorkerEnd &end) const noexcept = 0;

    virtual void OnOnline(Worker &worker) noexcept = 0;
    virtual void OnReady(Worker &worker) noexcept = 0;

    /** The current worker has ended, or any worker of a slot that retires. */
    virtual void OnEnded(const Slot &slot, const WorkerEnd &end) noexcept = 0;

    /** Nothing is left of a worker. */
    virtual void OnCleared(const Worker &worker) noexcept = 0;

    /** It is over its limit of restarts. Returns whether it is to be tried again. */
    virtual bool OnFailed() noexcept = 0;

    /** It has no worker and gets none. */
    virtual void OnFinished() noexcept = 0;
};

/** A number 0 … n-1 that workers fill, one after the other. The slot chooses which of them is
 *  current and keeps the history of restarts. What happens to one worker is decided by the
 *  worker. */
class Slot final : private WorkerOwner {
public:
    /** All are borrowed. */
    Slot(const Context &_context, SlotOwner &_owner, unsigned _index) noexcept;

    /** All that it knows, with its workers, for a launcher that takes this one's place. The caller
     *  of Replace() is not part of it. */
    struct Description {
        unsigned index = 0;
        SlotState state = SlotState::IDLE;
        std::optional<unsigned> seat;
        SlotWorkers::Description workers;
        bool is_surplus = false;
        WorkerEnd last;
        RestartHistory history;
        RestartPolicy::Decision next;

        /** The next worker is due. */
        std::optional<loop::TimePoint> due;

        friend bool operator==(const Description &, const Description &) noexcept = default;
    };

    /** Goes on from there, see Worker. */
    Slot(const Description &made, const Context &_context, SlotOwner &_owner);

    /** Not as long as one of its workers is being started. */
    Description Describe() const;

    unsigned Index() const noexcept { return index; }
    SlotState State() const noexcept { return state; }

    /** Starts a worker now, the first one or the next. */
    void Run() noexcept { Post(SlotTrigger::DUE); }

    /** Starts a successor, which takes over as soon as it is ready; then the current worker leaves.
     *  If the successor fails, the current one stays. `done` is called once. If the two cannot be
     *  there at the same time (PoolSpec::old_first, no seat is free), the current worker ends
     *  first. Without a current worker the next one is simply started now. */
    void Replace(Replaced done) noexcept;

    /** Asks for the end of all its workers; it gets no more. Once more can hurry. `surplus`: there
     *  are to be fewer slots. */
    void Retire(const StopRequest &request, bool surplus = false) noexcept;

    /** It retires, or has, because fewer slots were wanted. */
    bool IsSurplus() const noexcept { return is_surplus; }

    /** Those that are not gone. */
    const SlotWorkers &Workers() const noexcept { return workers; }

    bool IsReady() const noexcept;

    /** Does it serve, or has it at least not failed? */
    bool HasHope() const noexcept;

    /** Over its limit of restarts, and no worker was ready for long since. */
    bool HasFailed() const noexcept { return history.failed; }

    /** How its last current worker ended. */
    const WorkerEnd &LastEnd() const noexcept { return last; }

private:
    void OnOnline(Worker &worker) noexcept override { owner.OnOnline(worker); }
    void OnReady(Worker &worker) noexcept override;
    void OnEnded(Worker &worker) noexcept override;
    void OnGone(Worker &worker) noexcept override;

    void Post(SlotTrigger trigger) noexcept;
    void OnTrigger(std::uint8_t trigger) noexcept;
    void Start() noexcept;
    void StartSuccessor() noexcept;
    void LeaveFirst() noexcept;
    void Swap() noexcept;
    void ScheduleNext() noexcept;
    void Fail() noexcept;
    void LeaveAll() noexcept;
    void Finish() noexcept;
    void Decide() noexcept;
    void Tell(bool replaced) noexcept;

    const Context &context;
    SlotOwner &owner;
    const unsigned index;
    SlotState state = SlotState::IDLE;

    /** Of the current worker and its replacements. */
    std::optional<unsigned> seat;
    SlotWorkers workers;

    /** While it is replacing. */
    Replaced on_replaced;

    /** As asked for last. */
    std::optional<StopRequest> retirement;
    bool is_surplus = false;
    WorkerEnd last;
    RestartHistory history;

    /** The decision after the last end. */
    RestartPolicy::Decision next;

    /** Until the next worker is due. */
    loop::TimerEvent timer;
};

} // namespace pool
