#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace balance {

/** Judges by the lengths of their queues which of the active seats keep up with their connections.
 *  Pure: somebody else looks, in regular intervals while connections come.
 *
 *  A seat is behind
 *  - when it is stuck: it was seen waiting, and nothing is known to have left its queue, for STUCK
 *    + 2 x (the same count of the best seat) looks in a row. That finds a stopped worker among busy
 *    ones, whose queues are no shorter than its own. It stays stuck until something leaves its
 *    queue;
 *  - or when its queue is longer than SLACK + 2 x the mean of the others. That finds one among idle
 *    ones, sooner.
 *
 *  The best and the others are active seats that are not stuck. So the best one is not stuck, and
 *  of those that are not, the one with the shortest queue is not behind: where a seat is active,
 *  one keeps up. */
class Pace {
public:
    static constexpr unsigned STUCK = 3, SLACK = 2;

    /** What a look has found. `arrived`: a connection came since the look before, which still
     *  waited. */
    struct Seen {
        unsigned seat, queue;
        bool arrived;
    };

    /** Only these count, each named once. One that was not active before begins with a clean
     *  account. */
    void SetActive(std::span<const unsigned> seats);

    bool IsActive(unsigned seat) const noexcept {
        return seat < accounts.size() && accounts[seat].active;
    }

    /** The seats that the next look has to read even where nothing arrived: those with a queue at
     *  the last one, and those that became active after it. */
    std::span<const unsigned> Open() const noexcept { return open; }

    /** A look. `seen` names the active seats that are open and those with arrivals, each once;
     *  others have an empty queue. Returns whether a seat has fallen behind or caught up. */
    bool Look(std::span<const Seen> seen);

    bool IsBehind(unsigned seat) const noexcept {
        return seat < accounts.size() && accounts[seat].behind;
    }

    /** Nothing leaves its queue. */
    bool IsStuck(unsigned seat) const noexcept {
        return seat < accounts.size() && accounts[seat].stuck;
    }

private:
    struct Account {
        unsigned queue = 0; // at the last look
        unsigned waited = 0; // looks in a row without progress
        bool active = false, stuck = false, behind = false;
    };

    void FindStuck(std::span<const unsigned> seats);
    bool Judge(std::span<const unsigned> seats);

    std::vector<Account> accounts; // by seat
    std::vector<unsigned> open;
    std::size_t moving = 0; // active ones that are not stuck
};

} // namespace balance
