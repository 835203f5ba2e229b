#pragma once

#include "balance/Pace.hxx"
#include "loop/FdEvent.hxx"
#include "loop/TimerEvent.hxx"
#include "net/Seat.hxx"
#include "util/BoundMethod.hxx"

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace balance {

/** Watches the accept queues of one listener's seat sockets (TCP, MPTCP) and says which seats keep
 *  up, without any privilege and without a system call while nobody connects.
 *
 *  The sockets lie edge-triggered in an inner epoll(7) set, which lies one-shot in the loop. The
 *  first connection that still waits when the kernel asks again wakes the launcher, which looks at
 *  once and then every PERIOD, or later where many queues were read; what else comes meanwhile only
 *  marks the inner set. After QUIET looks that find nothing new it sleeps until the next such
 *  connection, also where a stuck seat still holds a queue. A look reads the queues (TCP_INFO of a
 *  listening socket) of the seats that had an arrival, or a queue last time: it costs what the busy
 *  seats cost, however many there are. What is behind is for Pace to say.
 *
 *  Not for UDP and unix sockets. It borrows loop and sockets; destroying it takes everything
 *  away. */
class QueueWatch {
public:
    static constexpr std::chrono::milliseconds PERIOD{4};
    static constexpr unsigned QUIET = 3;

    /** A look that has read more of them puts off the next one by so many milliseconds, so that all
     *  looks together take some 2 % of a processor at the most. What is missed meanwhile is no
     *  more: a seat gets the less, the more there are. */
    static constexpr unsigned READS_A_MILLISECOND = 16;

    /** `on_change`: Keeping() is another since a look; not called by SetActive and Leave, whose
     *  callers know. It must not destroy this. Throws std::system_error. */
    QueueWatch(loop::Loop &loop, util::BoundMethod<void()> on_change);

    QueueWatch(const QueueWatch &) = delete;
    QueueWatch &operator=(const QueueWatch &) = delete;

    /** The socket listens; it is not active yet. It may have left before. Throws
     *  std::system_error. */
    void Join(const net::Seat &socket);

    /** It is about to listen no more, or to be closed; its descriptor is still open. */
    void Leave(const net::Seat &socket) noexcept;

    /** New connections go to these. One that was not active before begins with a clean account, one
     *  that could not join is taken to keep up. */
    void SetActive(std::span<const net::Seat *const> active) noexcept;

    /** The active ones that keep up, all where none does. */
    std::vector<const net::Seat *> Keeping() const;

    /** ACTIVE, or BEHIND: nothing leaves its queue, or BUSY: that is longer than those of the
     *  others. */
    net::Standing Keeps(const net::Seat &socket) const noexcept;

    /** How often it has looked. */
    std::uint64_t Looks() const noexcept { return looks; }

private:
    void OnArrival(std::uint32_t) noexcept;
    void OnTick() noexcept;
    bool Look() noexcept;
    bool TakeArrivals() noexcept;
    void LookLater() noexcept;
    void Read(unsigned seat);
    void UpdatePace();
    bool IsJoined(const net::Seat &socket) const noexcept;

    const util::BoundMethod<void()> on_change;
    sys::UniqueFd inner;
    std::vector<const net::Seat *> joined; // by seat
    std::vector<const net::Seat *> active;
    Pace pace;
    std::vector<unsigned> arrivals; // during a look: where something came and still waits
    std::vector<bool> arrived; // the same, by seat
    std::vector<Pace::Seen> seen;
    unsigned quiet = 0; // looks in a row that found nothing new
    std::uint64_t looks = 0;
    loop::FdEvent traffic;
    loop::TimerEvent tick;
};

} // namespace balance
