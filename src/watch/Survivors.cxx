#include "watch/Survivors.hxx"
#include "sys/Proc.hxx"

#include <algorithm>
#include <unistd.h>
#include <vector>

namespace watch {

namespace {

struct Process {
    pid_t pid;
    sys::ProcessStat stat;
};

std::vector<Process> AllAlive() {
    std::vector<Process> all;
    for (const pid_t pid : sys::AllProcesses()) {
        const auto stat = sys::ReadProcessStat(pid);
        if (stat && stat->state != 'Z' && stat->state != 'X' && pid != getpid())
            all.push_back({pid, *stat});
    }
    return all;
}

class Judge {
public:
    Judge(const Charge &_charge, RunMarks *_marks, const Processes &_known, pid_t _reaper,
          const std::vector<Process> &all)
        : charge(_charge), marks(_marks), known(_known), reaper(_reaper) {
        for (const Process &process : all)
            starts.emplace(process.pid, process.stat.start);
    }

    bool IsOurs(const Process &process) const {
        const auto found = known.find(process.pid);
        if (found != known.end() && found->second == process.stat.start)
            return true;
        for (const Entry &worker : charge.workers)
            if (worker.pid != 0 && BelongsTo(worker, process))
                return true;
        return IsOrphanOfGroup(process) ||
               (marks != nullptr && marks->Has(process.pid, process.stat.start));
    }

private:
    bool BelongsTo(const Entry &worker, const Process &process) const {
        const pid_t leader = worker.pid;
        if (process.pid == leader)
            return process.stat.start == worker.start;
        if (!charge.own_groups || (process.stat.group != leader && process.stat.session != leader))
            return false;
        // A number is not used again while it is that of a group; so the leader is the worker, or has gone.
        const auto now = starts.find(leader);
        return now == starts.end() || now->second == worker.start;
    }

    bool IsOrphanOfGroup(const Process &process) const {
        return !charge.own_groups && process.stat.group == charge.launcher_group &&
               process.stat.parent == reaper && process.stat.start > charge.began;
    }

    const Charge &charge;
    RunMarks *const marks;
    const Processes &known;
    const pid_t reaper;
    Processes starts;
};

} // namespace

Processes FindSurvivors(const Charge &charge, RunMarks *marks, const Processes &known,
                        pid_t reaper) {
    const std::vector<Process> all = AllAlive();
    const Judge judge(charge, marks, known, reaper, all);
    Processes found;
    for (const Process &process : all)
        if (judge.IsOurs(process))
            found.emplace(process.pid, process.stat.start);
    // Their descendants, until a round finds no more.
    for (bool more = !found.empty(); more;) {
        more = false;
        for (const Process &process : all)
            if (found.contains(process.stat.parent))
                more = found.emplace(process.pid, process.stat.start).second || more;
    }
    return found;
}

} // namespace watch
