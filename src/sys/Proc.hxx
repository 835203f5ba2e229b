#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace sys {

/** The fields of /proc/PID/stat that matter here, see proc(5). */
struct ProcessStat {
    pid_t parent, group, session;
    char state;
    std::uint64_t start; // clock ticks after boot: with the pid it names a process for ever
};

/** nullopt if there is no such process. The parent is the process of the thread that forked it. */
std::optional<ProcessStat> ReadProcessStat(pid_t pid) noexcept;

/** Now, in the unit and from the origin of ProcessStat::start. */
std::uint64_t TicksSinceBoot() noexcept;

/** Is /proc that of the caller's own PID namespace? If it is not mounted, or is an outer one's, its
 *  numbers are other processes. */
bool HasOwnProc() noexcept;

/** The numbers of all processes, without an order; none if /proc is not ours. */
std::vector<pid_t> AllProcesses();

/** The direct children of all threads of a process: /proc/PID/task/TID/children of each thread.
 *  If the kernel has no such file, or the process has more than 256 threads, one pass over /proc
 *  finds them. Zombies are among them, children that are born or adopted at the same time may be
 *  missing, and of more than about 100,000 children of one thread only the first are seen. The
 *  children of a single thread come in the order in which they became its own. None if /proc is
 *  not ours. */
std::vector<pid_t> ChildrenOf(pid_t pid);

/** All descendants of a process, parents before their children; see Descent. */
std::vector<pid_t> DescendantsOf(pid_t pid);

/** The first bytes of /proc/PID/environ: the environment as it was at exec, unless the program
 *  wrote over it or declared other memory its environment. Both are the program's choice, so the
 *  size is bounded. The read can still block for as long as the program likes (its memory may be
 *  a file that it serves): the event loop must not do it. */
class ProcessEnvironment {
public:
    static constexpr std::size_t MOST_BYTES = 64UL * 1024;

    /** nullopt if it cannot be read: gone, or of another user. A zombie's is empty. */
    static std::optional<ProcessEnvironment> Read(pid_t pid, std::size_t most = MOST_BYTES);

    /** The value of the first entry of that name. */
    std::optional<std::string_view> Find(std::string_view name) const noexcept;

private:
    std::string content;
};

} // namespace sys
