#pragma once

#include "pool/Attribution.hxx"

#include <cstddef>
#include <vector>

namespace pool {

/** Finds the descendants of the leader of a family in steps, parents before their children. Each is
 *  named by its start time while its parent is known, so that no other process that gets a number
 *  later is taken for it. */
class MemberSearch {
public:
    /** No more than this many are found: a worker can fork without end. */
    static constexpr std::size_t MOST = 4096;

    MemberSearch(const Owner &_owner, pid_t _leader) : owner(_owner), leader(_leader) {}

    const Owner &WhoseMembers() const noexcept { return owner; }
    pid_t Leader() const noexcept { return leader; }

    /** Looks at processes and takes each from the budget. True: the search is over. */
    bool Step(std::size_t &budget);

    /** So far. */
    const std::vector<ProcessName> &Found() const noexcept { return found; }

private:
    bool LookAtNextParent();

    const Owner owner;
    const pid_t leader;
    std::vector<ProcessName> found;

    /** This many of `found` are parents that were looked at. */
    std::size_t looked = 0;
    bool has_begun = false;

    /** The parent that was looked at last, and those of its children that have no name yet. */
    pid_t parent = 0;
    std::vector<pid_t> unnamed;
};

} // namespace pool
