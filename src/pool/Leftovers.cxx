#include "pool/Leftovers.hxx"
#include "sys/Proc.hxx"
#include "util/Number.hxx"

#include <climits>
#include <unistd.h>

namespace pool {

std::vector<Orphan> FindOrphans(const std::string &run,
                                const std::function<bool(pid_t)> &is_known) {
    std::vector<Orphan> orphans;
    for (const pid_t pid : sys::ChildrenOf(getpid())) {
        if (is_known(pid))
            continue;
        const auto stat = sys::ReadProcessStat(pid);
        if (!stat || stat->state == 'Z')
            continue;
        Orphan orphan = {pid, std::nullopt, stat->group, stat->session, false};
        const auto environment = sys::ProcessEnvironment::Read(pid);
        if (environment && environment->Find("CLUSTERIZE_RUN") == std::string_view(run)) {
            orphan.marked = true;
            const auto id = util::ParseUnsigned(
                environment->Find("CLUSTERIZE_WORKER_ID").value_or(""), UINT_MAX);
            if (id)
                orphan.worker_id = static_cast<unsigned>(*id);
        }
        orphans.push_back(orphan);
    }
    return orphans;
}

bool IsLeftBy(const Orphan &orphan, const WorkerRef &worker,
              const std::function<bool(pid_t)> &is_known) {
    if (orphan.marked)
        return orphan.worker_id == worker.id;
    if (worker.pid == 0) // it never was a process
        return false;
    if (orphan.group == worker.pid || orphan.session == worker.pid)
        return true;
    return getpid() != 1 && !is_known(orphan.group) && !is_known(orphan.session);
}

} // namespace pool
