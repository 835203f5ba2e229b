#pragma once

#include "util/BoundMethod.hxx"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <sys/types.h>

namespace watch {

/** A worker or a companion, in memory that the launcher and the watcher share: the launcher writes,
 *  the watcher reads after the launcher has ended. The start time comes before the pid, so that a
 *  launcher that is killed in between leaves no pid with the time of another process. */
struct Entry {
    std::atomic<pid_t> pid; // 0: none
    std::atomic<std::uint64_t> start; // as in sys::ProcessStat

    void Set(pid_t _pid, std::uint64_t _start) noexcept {
        pid = 0;
        start = _start;
        pid = _pid;
    }
};

static_assert(std::atomic<pid_t>::is_always_lock_free);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/** Entries of the shared memory: for each seat one, and one for a companion. Only those that were
 *  ever used take memory. */
constexpr std::size_t MOST_ENTRIES = 4096 + 1;

/** What a watcher must end, and how. */
struct Charge {
    std::string run; // CLUSTERIZE_RUN of everything that comes from the workers
    std::span<const Entry> workers;
    bool own_groups; // each worker leads a process group, else they are in the launcher's
    pid_t launcher, launcher_group;
    std::uint64_t began; // when the launcher was there first: its process may be older than that
    std::chrono::milliseconds patience; // between TERM and KILL
    util::BoundMethod<void()> last = {}; // when nothing is left, in the watcher's process
};

} // namespace watch
