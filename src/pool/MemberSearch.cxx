#include "pool/MemberSearch.hxx"

#include <unistd.h>

namespace pool {

bool MemberSearch::Step(std::size_t &budget) {
    for (; budget > 0; budget--) {
        if (found.size() == MOST)
            return true;
        if (unnamed.empty()) {
            if (!LookAtNextParent())
                return true;
            continue;
        }
        const pid_t pid = unnamed.back();
        unnamed.pop_back();
        // If the parent has ended meanwhile, the launcher is the next one.
        const auto stat = sys::ReadProcessStat(pid);
        if (stat && (stat->parent == parent || stat->parent == getpid()))
            found.push_back({pid, stat->start});
    }
    return false;
}

/** False: there is none. */
bool MemberSearch::LookAtNextParent() {
    if (!has_begun) {
        has_begun = true;
        parent = leader;
    } else if (looked < found.size()) {
        const ProcessName &name = found[looked++];
        parent = name.pid;
        const auto stat = sys::ReadProcessStat(parent);
        if (!stat || stat->start != name.start)
            return true; // it has ended
    } else {
        return false;
    }
    unnamed = sys::ChildrenOf(parent);
    return true;
}

} // namespace pool
