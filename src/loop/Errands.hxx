#pragma once

#include "loop/DeferEvent.hxx"
#include "loop/FdEvent.hxx"
#include "loop/TimerEvent.hxx"
#include "sys/Elsewhere.hxx"

#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>

namespace loop {

/** Runs functions in processes of their own (sys::Elsewhere), with a queue and a deadline, and
 *  never waits.
 *
 *  Each errand belongs to a client, a number that its sender chooses, for example a worker's slot.
 *  A client has one errand under way at a time; the others wait in their order. There is one
 *  process as long as that is enough; if an errand waits for 20 ms because all are busy, a further
 *  one is forked, up to MOST_PROCESSES. One that has been idle for 2 s ends.
 *
 *  An errand that is late answers ETIMEDOUT, and its process is killed and left behind: it may be
 *  in a wait that nobody can interrupt. If MOST_STUCK of all clients, or MOST_STUCK_OF_CLIENT of
 *  one, still exist, further errands answer EAGAIN at once until one ends. */
class Errands {
public:
    using Ticket = std::uint64_t; // never used again

    struct Answer {
        int error = 0; // ETIMEDOUT, EAGAIN, EPIPE if the process died, what fork(2) said
        sys::Parcel parcel;
    };

    /** Must not destroy the Errands; may send and cancel. */
    using Done = util::BoundMethod<void(Ticket, Answer)>;

    struct Order {
        unsigned client = 0;
        sys::Elsewhere::Function function = nullptr;
        sys::Parcel request = {};
        std::chrono::milliseconds deadline{100}; // from when it begins
        Done done = {};
    };

    /** `forked` learns of each process; whoever reaps children must ignore its end. */
    Errands(Loop &_loop, util::BoundMethod<void(pid_t)> _forked) noexcept;

    /** Ends its processes. Those that hang stay behind. */
    ~Errands() noexcept;

    Errands(const Errands &) = delete;
    Errands &operator=(const Errands &) = delete;

    /** `done` is called once, later, never from within this call. */
    Ticket Send(Order order);

    /** Its `done` is not called any more. */
    void Cancel(Ticket ticket) noexcept;

    /** Processes that were left behind and still exist. */
    std::size_t Stuck() noexcept;

    static constexpr std::size_t MOST_PROCESSES = 8;
    static constexpr std::size_t MOST_STUCK = 32;
    static constexpr std::size_t MOST_STUCK_OF_CLIENT = 2;

private:
    struct Waiting {
        Ticket ticket;
        Order order;
    };

    struct LeftBehind {
        unsigned client;
        sys::Elsewhere process;
    };

    class Lane;

    void Begin() noexcept;
    bool BeginOne() noexcept;
    Lane *FreeLane();
    bool MayBegin(const Waiting &waiting) const noexcept;
    bool IsOverdrawn(unsigned client) noexcept;
    void Finish(Lane &lane, Answer answer) noexcept;
    void OnEnded(Lane &lane) noexcept;
    void OnCrowded() noexcept { crowded = true, Begin(); }
    void OnIdle() noexcept;

    Loop &loop;
    const util::BoundMethod<void(pid_t)> forked;
    std::deque<Waiting> queue;
    std::vector<std::unique_ptr<Lane>> lanes;
    std::list<LeftBehind> left_behind;
    Ticket last_ticket = 0;
    bool crowded = false; // one more process is due
    TimerEvent crowd, idle;
    DeferEvent begin;
};

} // namespace loop
