#include "notify/Sender.hxx"
#include "sys/Proc.hxx"
#include "sys/ProcessIds.hxx"

#include <unistd.h>

namespace notify {

namespace {

// Bounds the time. It also ends a chain whose numbers change while it is read.
constexpr int MOST_ANCESTORS = 256;

} // namespace

Sender FindSender(pid_t sender, const pool::WorkerRef &worker) noexcept {
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
        if (stat->parent == getpid()) {
            const bool has_number = stat->group == worker.pid || stat->session == worker.pid;
            return has_number ? Sender::WORKER : Sender::ORPHAN;
        }
        pid = stat->parent;
    }
    return Sender::STRANGER;
}

bool IsTrusted(uid_t user, const pool::WorkerRef &worker, uid_t first) noexcept {
    if (user == 0 || user == first)
        return true;
    const auto now = sys::ReadProcessIds(worker.pid);
    return now && now->uid == user;
}

} // namespace notify
