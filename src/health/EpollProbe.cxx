#include "health/EpollProbe.hxx"
#include "net/SocketState.hxx"
#include "sys/OtherProcess.hxx"
#include "sys/Proc.hxx"

#include <algorithm>
#include <set>
#include <vector>

namespace health {

namespace {

/** What the epoll descriptors of a worker's processes hold. */
std::set<std::uint64_t> EpollTargetsOf(pid_t worker) {
    std::vector<pid_t> pids = sys::DescendantsOf(worker);
    pids.push_back(worker);
    std::set<std::uint64_t> inodes;
    for (const pid_t pid : pids) {
        const auto targets = sys::OtherProcess(pid).EpollTargets();
        inodes.insert(targets.begin(), targets.end());
    }
    return inodes;
}

} // namespace

void EpollProbe::Started(const pool::WorkerRef &worker, spawn::Launched &) noexcept {
    if (!facts.IsStarting(worker))
        return;
    const loop::TimePoint due = loop.Now() + FIRST;
    young.emplace(worker.id, Young{worker, due, FIRST});
    if (!timer.IsPending() || due < rings)
        Ring(due);
}

void EpollProbe::Gone(const pool::WorkerRef &worker, pool::ExitStatus) noexcept {
    young.erase(worker.id);
    if (young.empty())
        timer.Cancel();
}

void EpollProbe::OnUp() noexcept {
    std::erase_if(young,
                  [this](const auto &entry) { return !facts.IsStarting(entry.second.worker); });
    if (young.empty())
        timer.Cancel();
}

void EpollProbe::OnTimer() noexcept {
    const loop::TimePoint now = loop.Now();
    std::vector<pool::WorkerRef> due;
    for (const auto &entry : young)
        if (entry.second.due <= now)
            due.push_back(entry.second.worker);
    for (const pool::WorkerRef &worker : due) {
        if (facts.IsStarting(worker))
            Look(worker);
        const auto found = young.find(worker.id);
        if (found == young.end())
            continue;
        if (!facts.IsStarting(worker)) {
            young.erase(found);
            continue;
        }
        Young &next = found->second;
        next.pause = std::min(next.pause * 2, std::chrono::milliseconds(LONGEST));
        next.due = loop.Now() + next.pause;
    }
    const auto first =
        std::min_element(young.begin(), young.end(), [](const auto &one, const auto &other) {
            return one.second.due < other.second.due;
        });
    if (first != young.end())
        Ring(first->second.due);
}

void EpollProbe::Ring(loop::TimePoint at) noexcept {
    rings = at;
    timer.ScheduleAt(at);
}

void EpollProbe::Look(const pool::WorkerRef &worker) noexcept {
    const auto inodes = EpollTargetsOf(worker.pid);
    if (inodes.empty())
        return;
    for (const net::Exported &exported : table.Exports(worker.seat)) {
        if (!inodes.contains(net::InodeOf(exported.socket)))
            continue;
        if (net::Listener *listener = table.Find(exported.listener->Spec().at))
            facts.Listening(worker, *listener, pool::How::HANDED);
    }
}

} // namespace health
