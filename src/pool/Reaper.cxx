#include "pool/Reaper.hxx"
#include "pool/MemberSearch.hxx"
#include "sys/Proc.hxx"

#include <algorithm>
#include <cerrno>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace pool {

namespace {

constexpr Owner INHERITED = {Owner::Kind::INHERITED, 0};

// A worker may have forked before it was registered, if the launcher did not run for a while.
constexpr std::uint64_t LATE_TICKS = 100;

} // namespace

Reaper::Reaper() noexcept {
    LookForChildren();
    if (has_children)
        FindInherited();
}

Reaper::Reaper(const Description &made) : last_serial(made.last_serial), families(made.families) {
    LookForChildren();
    for (const Description::Child &child : made.children)
        children.emplace(
            child.process.pid,
            Child{child.serial, child.role, sys::Process::Make(child.process), {}, child.owner});
    for (const Leftover &leftover : made.leftovers)
        leftovers.emplace(leftover.orphan.name.pid, leftover);
}

/** In the order of their numbers. */
Reaper::Description Reaper::Describe() const {
    Description description = {last_serial, {}, {}, families};
    for (const auto &[pid, child] : children)
        description.children.push_back(
            {child.serial, child.role, child.process.Describe(), child.owner});
    for (const auto &[pid, leftover] : leftovers)
        description.leftovers.push_back(leftover);
    std::sort(description.children.begin(), description.children.end(),
              [](const auto &a, const auto &b) { return a.process.pid < b.process.pid; });
    std::sort(description.leftovers.begin(), description.leftovers.end(),
              [](const auto &a, const auto &b) { return a.orphan.name < b.orphan.name; });
    return description;
}

void Reaper::LookForChildren() noexcept {
    siginfo_t info = {};
    has_children = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void Reaper::FindInherited() {
    for (const pid_t pid : sys::ChildrenOf(getpid())) {
        Family family{INHERITED, pid, 0, 0, true, {}};
        if (const auto stat = sys::ReadProcessStat(pid))
            family.start = stat->start;
        MemberSearch search(INHERITED, pid); // nothing waits for the launcher yet
        std::size_t budget = 4 * MemberSearch::MOST;
        search.Step(budget);
        family.members = search.Found();
        Add(ChildRole::INHERITED, sys::Process(pid), {}, std::move(family));
    }
}

ChildId Reaper::Add(ChildRole role, sys::Process process, OnEnd on_end, Family family) {
    const pid_t pid = process.Pid();
    const ChildId id{pid, ++last_serial};
    const Owner owner = family.owner;
    has_children = true;
    families.push_back(std::move(family));
    leftovers.erase(pid);
    children.insert_or_assign(pid, Child{id.serial, role, std::move(process), on_end, owner});
    return id;
}

ChildId Reaper::AddWorker(const WorkerRef &worker, sys::Process process, OnEnd on_end) {
    const std::uint64_t known = process.Describe().start, now = sys::TicksSinceBoot();
    const std::uint64_t start = known != 0 ? known : now - std::min(now, LATE_TICKS);
    const pid_t pid = process.Pid();
    return Add(ChildRole::WORKER, std::move(process), on_end,
               {{Owner::Kind::WORKER, worker.id}, pid, start, 0, true, {}});
}

ChildId Reaper::AddCompanion(sys::Process process, OnEnd on_end, bool runs_program) {
    const std::uint64_t now = sys::TicksSinceBoot();
    const pid_t pid = process.Pid();
    return Add(
        ChildRole::COMPANION, std::move(process), on_end,
        {{Owner::Kind::COMPANION, 0}, pid, now - std::min(now, LATE_TICKS), 0, runs_program, {}});
}

void Reaper::Attend(const ChildId &child, OnEnd on_end) noexcept {
    if (Find(child) != nullptr)
        children.find(child.pid)->second.on_end = on_end;
}

const sys::Process *Reaper::Find(const ChildId &child) const noexcept {
    const auto found = children.find(child.pid);
    return found != children.end() && found->second.serial == child.serial ? &found->second.process
                                                                           : nullptr;
}

int Reaper::Signal(const ChildId &child, int signo) const noexcept {
    const sys::Process *process = Find(child);
    return process != nullptr ? process->Signal(signo) : ESRCH;
}

int Reaper::SignalGroup(const ChildId &child, int signo) const noexcept {
    const sys::Process *process = Find(child);
    return process != nullptr ? process->SignalGroup(signo) : ESRCH;
}

std::optional<ChildRole> Reaper::RoleOf(pid_t pid) const noexcept {
    if (const auto found = children.find(pid); found != children.end())
        return found->second.role;
    return leftovers.contains(pid) ? std::optional(ChildRole::LEFTOVER) : std::nullopt;
}

void Reaper::Reap() noexcept {
    ReapResult result;
    const std::vector<Ended> ended = Collect(result);
    if (ended.empty() && !result.other_ended)
        return;
    const std::vector<ReapObserver *> told = observers;
    for (ReapObserver *observer : told)
        observer->OnReaped(result);
    for (const ChildRole role : {ChildRole::WORKER, ChildRole::COMPANION})
        for (const Ended &end : ended)
            if (end.role == role && end.on_end)
                end.on_end(end.status);
    for (ReapObserver *observer : told)
        if (std::find(observers.begin(), observers.end(), observer) != observers.end())
            observer->OnDelivered(result);
}

std::vector<Reaper::Ended> Reaper::Collect(ReapResult &result) noexcept {
    std::vector<Ended> ended;
    for (;;) {
        siginfo_t info = {};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0) {
            has_children = errno != ECHILD;
            return ended;
        }
        has_children = true;
        if (info.si_pid == 0)
            return ended;
        const ExitStatus status = ExitStatus::From(info);
        const auto found = children.find(info.si_pid);
        if (found == children.end()) {
            const auto leftover = leftovers.find(info.si_pid);
            if (leftover != leftovers.end()) {
                HoldNumber(leftover->second);
                leftovers.erase(leftover);
            }
            result.other_ended = true;
            continue;
        }
        Child &child = found->second;
        result.worker_failed |= child.role == ChildRole::WORKER && !status.IsSuccess();
        result.other_ended |= child.role != ChildRole::WORKER;
        ended.push_back({child.role, child.on_end, status});
        Close(info.si_pid);
        children.erase(found);
    }
}

/** The leader has ended; the family stays until it is settled. */
void Reaper::Close(pid_t pid) noexcept {
    const auto family = std::find_if(families.begin(), families.end(), [pid](const Family &one) {
        return one.leader == pid && one.held_until == 0;
    });
    if (family == families.end())
        return;
    if (family->runs_program)
        family->held_until = sys::TicksSinceBoot();
    else
        families.erase(family); // it leaves no orphan
}

void Reaper::AddLeftover(const Orphan &orphan, const Owner &owner) {
    const auto [position, inserted] =
        leftovers.insert_or_assign(orphan.name.pid, Leftover{orphan, owner});
    HoldNumber(position->second);
}

std::vector<Reaper::Leftover *> Reaper::Leftovers(
    const std::function<bool(const Owner &)> &belongs) noexcept {
    std::vector<Leftover *> found;
    for (auto &[pid, leftover] : leftovers)
        if (belongs(leftover.owner))
            found.push_back(&leftover);
    return found;
}

void Reaper::NoteMembers(const Owner &owner, pid_t leader, std::vector<ProcessName> members) {
    // One with the number of an inherited child that has ended is not that child.
    const bool lives = owner.kind == Owner::Kind::INHERITED;
    const auto family = std::find_if(families.begin(), families.end(), [&](const Family &known) {
        return known.owner == owner && known.leader == leader && (!lives || known.held_until == 0);
    });
    if (family != families.end())
        family->members = std::move(members);
}

/** It was there until now, so its group and session had their numbers until now. */
void Reaper::HoldNumber(const Leftover &leftover) noexcept {
    for (Family &family : families)
        if (family.held_until != 0 && HasNumberOf(family, leftover.orphan))
            family.held_until = sys::TicksSinceBoot();
}

void Reaper::Settle(unsigned worker) noexcept {
    const Owner owner = {Owner::Kind::WORKER, worker};
    const auto found =
        std::find_if(families.begin(), families.end(), [&owner](const Family &family) {
            return family.held_until != 0 && family.owner == owner;
        });
    if (found == families.end())
        return;
    *found = std::move(families.back());
    families.pop_back();
}

void Reaper::SettleOthers() noexcept {
    std::erase_if(families, [this](const Family &family) {
        return family.held_until != 0 && family.owner.kind != Owner::Kind::WORKER &&
               std::none_of(leftovers.begin(), leftovers.end(), [&family](const auto &entry) {
                   return entry.second.owner == family.owner;
               });
    });
}

} // namespace pool
