#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace sys {

/** The numbers of the CPUs that this process may run on (sched_getaffinity(2)), ascending. Works on
 *  machines with more than 1,024 CPUs. At least one. */
std::vector<unsigned> AllowedCpus();

/** "0-3,6" as in taskset(1); nullopt for anything else. Numbers up to 8191. */
std::optional<std::vector<unsigned>> ParseCpuList(std::string_view text);

} // namespace sys
