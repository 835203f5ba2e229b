#pragma once

#include "pool/Attribution.hxx"
#include "sys/Descent.hxx"

#include <cstddef>
#include <unordered_map>
#include <vector>

namespace pool {

/** Kills a process and its descendants, in steps. Each is named by its start time while its
 *  parent is known to be one of them, and is then killed by that name, so that it kills no other
 *  process if a number is used again. Children come before their parents. A process that is born
 *  or loses its parent in between becomes a child of the launcher, and is found as that. */
class KillTree {
public:
    explicit KillTree(const ProcessName &_root) : root(_root), descent(_root.pid) {}

    /** Looks at so many processes at most. True: that was the last. */
    bool Step(std::size_t budget);

private:
    bool Verify(std::size_t &budget);
    bool IsStill(pid_t pid) const noexcept;

    const ProcessName root;
    sys::Descent descent;
    bool has_descended = false;
    std::vector<pid_t> found;
    std::size_t verified_up_to = 0;
    std::unordered_map<pid_t, std::uint64_t> starts; // of those that are known to be of the tree
    std::vector<ProcessName> verified;
};

} // namespace pool
