#include "adopt/Held.hxx"
#include "sys/OtherProcess.hxx"
#include "sys/Proc.hxx"

#include <unistd.h>

namespace adopt {

namespace {

/** false: it may not be seen. */
bool Add(pid_t pid, std::unordered_set<std::uint64_t> &held) {
    const auto inodes = sys::OtherProcess(pid).SocketInodes();
    if (inodes)
        held.insert(inodes->begin(), inodes->end());
    return inodes.has_value();
}

} // namespace

std::unordered_set<std::uint64_t> SocketsHeldBy(pid_t worker, pid_t caller) {
    std::unordered_set<std::uint64_t> held;
    Add(worker, held);
    Add(caller, held);
    for (const pid_t pid : sys::DescendantsOf(worker))
        Add(pid, held);
    return held;
}

std::optional<std::unordered_set<std::uint64_t>> SocketsHeldBelowLauncher() {
    std::unordered_set<std::uint64_t> held;
    for (const pid_t pid : sys::DescendantsOf(getpid()))
        if (!Add(pid, held))
            return std::nullopt;
    return held;
}

} // namespace adopt
