#pragma once

#include "pool/Agent.hxx"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace pool {

/** Between the stop signal and SIGKILL for what a worker left behind. In a stop its ladder's time counts. */
constexpr std::chrono::seconds LEFTOVER_PATIENCE{1};

/** A child of the launcher that is no worker: its parent has ended and, the launcher being a subreaper
 *  or PID 1, it has become ours. */
struct Orphan {
    pid_t pid;
    std::optional<unsigned> worker_id; // whose descendant its environment says it is
    pid_t group, session;
    bool marked; // its environment could be read and carries CLUSTERIZE_RUN
};

/** All orphans that are alive. `is_known` tells which children are none: workers and companions. */
std::vector<Orphan> FindOrphans(const std::string &run, const std::function<bool(pid_t)> &is_known);

/** Is the orphan what this worker, which has ended, left behind? By its environment; where that says
 *  nothing (unreadable, or written over, as nginx does) by its process group and session; and where
 *  these belong to nobody known either, it is taken for the dead one's, but not by PID 1, which gets the
 *  orphans of strangers (docker exec) as well. */
bool IsLeftBy(const Orphan &orphan, const WorkerRef &worker,
              const std::function<bool(pid_t)> &is_known);

} // namespace pool
