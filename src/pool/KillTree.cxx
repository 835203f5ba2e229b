#include "pool/KillTree.hxx"
#include "sys/Proc.hxx"
#include "sys/Process.hxx"

#include <csignal>

namespace pool {

bool KillTree::Step(std::size_t budget) {
    if (!has_descended) {
        has_descended = descent.Step(budget);
        if (has_descended) {
            found = descent.Found();
            starts.emplace(root.pid, root.start);
            verified.push_back(root);
        }
        // A process without children, the usual one, takes one step.
        if (!has_descended || !found.empty())
            return false;
    }
    if (!Verify(budget))
        return false;
    for (; budget > 0 && !verified.empty(); budget--) {
        const ProcessName name = verified.back();
        verified.pop_back();
        if (const auto process = sys::Process::Open(name.pid, name.start))
            process->Signal(SIGKILL);
    }
    return verified.empty();
}

bool KillTree::Verify(std::size_t &budget) {
    for (; budget > 0 && verified_up_to < found.size(); budget--) {
        const pid_t pid = found[verified_up_to++];
        const auto stat = sys::ReadProcessStat(pid);
        if (stat && starts.contains(stat->parent) && IsStill(stat->parent) &&
            starts.emplace(pid, stat->start).second)
            verified.push_back({pid, stat->start});
    }
    return verified_up_to == found.size();
}

bool KillTree::IsStill(pid_t pid) const noexcept {
    const auto stat = sys::ReadProcessStat(pid);
    return stat && stat->start == starts.at(pid);
}

} // namespace pool
