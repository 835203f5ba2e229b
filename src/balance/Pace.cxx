#include "balance/Pace.hxx"

#include <algorithm>
#include <utility>

namespace balance {

void Pace::SetActive(std::span<const unsigned> seats) {
    std::vector<Account> before = std::exchange(accounts, {});
    moving = 0;
    for (const unsigned seat : seats) {
        if (seat >= accounts.size())
            accounts.resize(seat + 1);
        Account &account = accounts[seat];
        if (seat < before.size() && before[seat].active)
            account = before[seat];
        else
            open.push_back(seat); // what waited before it became active is not known
        account.active = true;
        if (!account.stuck)
            moving++;
    }
    open.erase(
        std::remove_if(open.begin(), open.end(), [this](unsigned seat) { return !IsActive(seat); }),
        open.end());
    if (moving == 0) { // those that moved have left: the others are compared anew
        for (const unsigned seat : seats)
            accounts[seat].stuck = false;
        moving = seats.size();
        FindStuck(open);
    }
    Judge(open);
}

bool Pace::Look(std::span<const Seen> seen) {
    std::vector<unsigned> seats;
    seats.reserve(seen.size());
    open.clear();
    for (const Seen &found : seen) {
        Account &account = accounts[found.seat];
        // One came and the queue is no longer: another has left it.
        const bool progress = account.queue == 0 || found.queue < account.queue ||
                              (found.queue == account.queue && found.arrived);
        account.waited = progress ? 0 : account.waited + 1;
        account.queue = found.queue;
        if (progress && std::exchange(account.stuck, false))
            moving++;
        seats.push_back(found.seat);
        if (found.queue > 0)
            open.push_back(found.seat);
    }
    FindStuck(open);
    return Judge(seats);
}

/** `seats`: those with a queue. */
void Pace::FindStuck(std::span<const unsigned> seats) {
    std::size_t waiting = 0; // without those that are stuck already
    unsigned best = UINT32_MAX;
    for (const unsigned seat : seats)
        if (const Account &account = accounts[seat]; account.queue > 0 && !account.stuck) {
            waiting++;
            best = std::min(best, account.waited);
        }
    if (waiting < moving)
        best = 0;
    for (const unsigned seat : seats)
        if (Account &account = accounts[seat];
            !account.stuck && account.waited >= STUCK + 2ULL * best) {
            account.stuck = true;
            moving--;
        }
}

/** `seats`: at least those with a queue and those that are behind. Returns whether anything has
 *  changed. */
bool Pace::Judge(std::span<const unsigned> seats) {
    std::uint64_t sum = 0; // of the queues of those that move
    for (const unsigned seat : seats)
        if (!accounts[seat].stuck)
            sum += accounts[seat].queue;
    bool changed = false;
    for (const unsigned seat : seats) {
        Account &account = accounts[seat];
        bool behind = account.stuck;
        if (!behind && moving > 1) {
            const std::uint64_t others = moving - 1;
            behind = account.queue * others > SLACK * others + 2 * (sum - account.queue);
        }
        changed |= behind != account.behind;
        account.behind = behind;
    }
    return changed;
}

} // namespace balance
