#pragma once

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
};

std::optional<ProcessStat> ReadProcessStat(pid_t pid);

/** The direct children of a process whose only thread is its main one: /proc/PID/task/PID/children
 *  where the kernel has it, else by a scan over /proc. Zombies are among them. */
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
