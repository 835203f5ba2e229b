#include "notify/Sender.hxx"
#include "sys/Proc.hxx"

#include <string_view>
#include <unistd.h>

namespace notify {

namespace {

constexpr int MOST_ANCESTORS = 1000; // ends a chain whose numbers change while it is read

bool IsOrphanOf(pid_t pid, const sys::ProcessStat &stat, const pool::WorkerRef &worker,
                const std::string &run) {
    if (stat.group == worker.pid || stat.session == worker.pid)
        return true;
    const auto environment = sys::ProcessEnvironment::Read(pid);
    return environment && environment->Find("CLUSTERIZE_RUN") == std::string_view(run) &&
           environment->Find("CLUSTERIZE_WORKER_ID") == std::to_string(worker.id);
}

} // namespace

Sender FindSender(pid_t sender, const pool::WorkerRef &worker, const std::string &run) {
    pid_t pid = sender;
    for (int i = 0; i < MOST_ANCESTORS && pid > 0; i++) {
        if (pid == worker.pid)
            return Sender::WORKER;
        const auto stat = sys::ReadProcessStat(pid);
        if (!stat && pid == sender)
            return Sender::GONE;
        if (!stat) { // a parent that ended in between: the sender has another by now
            pid = sender;
            continue;
        }
        if (stat->parent == getpid())
            return IsOrphanOf(pid, *stat, worker, run) ? Sender::WORKER : Sender::STRANGER;
        pid = stat->parent;
    }
    return Sender::STRANGER;
}

} // namespace notify
