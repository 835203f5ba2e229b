#pragma once

#include <cstdint>
#include <optional>
#include <sys/types.h>
#include <unordered_set>

namespace adopt {

/** The inode numbers of the sockets that a worker's processes hold: its main one, its descendants and the
 *  one that asks. What cannot be read holds nothing. */
std::unordered_set<std::uint64_t> SocketsHeldBy(pid_t worker, pid_t caller);

/** Those of all processes below the launcher; nullopt where one of them cannot be read. */
std::optional<std::unordered_set<std::uint64_t>> SocketsHeldBelowLauncher();

} // namespace adopt
