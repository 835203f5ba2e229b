#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sys {

/** The tightest CPU quota, in CPUs (1.5 = one and a half), of the cgroups v1 and v2 that this process
 *  is in and of all that enclose them as far as they are visible; nullopt where nothing limits it or
 *  /proc is not mounted. See cgroups(7), Documentation/admin-guide/cgroup-v2.rst "cpu.max".
 *  `root` stands in front of every path that is read (tests). */
std::optional<double> CpuQuota(const std::string &root = "");

/** Counts the processes that the kernel kills for want of memory in the cgroup of this process: `oom_kill` of
 *  memory.events (v2) or memory.oom_control (v1, Linux 4.13). A process that is moved elsewhere is not seen;
 *  without /proc or such a file nothing is. */
class OomKills {
public:
    /** Begins to count. */
    explicit OomKills(const std::string &root = "");

    /** Were there any since it was asked last? */
    bool Rose();

private:
    std::uint64_t Count() const;

    std::string file; // empty: there is none
    std::uint64_t last = 0;
};

} // namespace sys
