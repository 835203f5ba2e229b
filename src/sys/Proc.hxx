#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace sys {

/** What /proc/PID/stat tells, see proc(5). */
struct ProcessStat {
    pid_t parent, group, session;
    char state;
    std::uint64_t start; // clock ticks after boot: with the pid it names a process for ever
};

std::optional<ProcessStat> ReadProcessStat(pid_t pid);

/** Is /proc that of the caller's own PID namespace? Where it is not mounted, or is an outer one's, its numbers
 *  are other processes. */
bool HasOwnProc() noexcept;

/** The numbers of all processes, without an order; none where /proc is not ours. */
std::vector<pid_t> AllProcesses();

/** The direct children of a process whose only thread is its main one: /proc/PID/task/PID/children
 *  where the kernel has it, else by a scan over /proc. Zombies are among them.
 *  None where /proc is not ours. */
std::vector<pid_t> ChildrenOf(pid_t pid);

/** All descendants of a process, parents before their children. */
std::vector<pid_t> DescendantsOf(pid_t pid);

/** What /proc/PID/environ shows: the environment as it was at exec, unless the program wrote over it. */
class ProcessEnvironment {
public:
    /** nullopt where it cannot be read: gone, or of another user. A zombie's is empty. */
    static std::optional<ProcessEnvironment> Read(pid_t pid);

    std::optional<std::string_view> Find(std::string_view name) const noexcept;

private:
    std::string content;
};

} // namespace sys
