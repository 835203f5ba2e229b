#pragma once

#include <optional>
#include <string>

namespace sys {

/** The tightest CPU quota, in CPUs (1.5 = one and a half), of the cgroups v1 and v2 that this process
 *  is in and of all that enclose them as far as they are visible; nullopt where nothing limits it or
 *  /proc is not mounted. See cgroups(7), Documentation/admin-guide/cgroup-v2.rst "cpu.max".
 *  `root` stands in front of every path that is read (tests). */
std::optional<double> CpuQuota(const std::string &root = "");

} // namespace sys
