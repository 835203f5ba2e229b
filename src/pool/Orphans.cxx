#include "pool/Orphans.hxx"
#include "sys/Proc.hxx"

#include <algorithm>
#include <unistd.h>

namespace pool {

namespace {

constexpr std::size_t A_TURN = 64; // processes, some ten microseconds each
// Orphans that come and go all the time are not waited for.
constexpr unsigned MOST_REPEATS = 3;

} // namespace

Orphans::Orphans(loop::Loop &loop, Reaper &_reaper, MarkSource &_marks)
    : reaper(_reaper), marks(_marks), has_strangers(getpid() == 1),
      step(loop, util::Bind<&Orphans::OnStep>(*this)), budget(A_TURN),
      look(loop, util::Bind<&Orphans::OnLook>(*this)) {
    reaper.Observe(*this);
}

Orphans::~Orphans() noexcept {
    reaper.Ignore(*this);
}

void Orphans::Add(Seeker &seeker) {
    Remove(seeker);
    seekers.push_back(&seeker);
    added = true;
    step.Schedule();
}

void Orphans::Remove(const Seeker &seeker) noexcept {
    std::erase(seekers, &seeker);
}

void Orphans::Remember(const WorkerRef &worker) {
    if (reaper.RoleOf(worker.pid) != ChildRole::WORKER)
        return;
    looks.emplace_back(Owner{Owner::Kind::WORKER, worker.id}, worker.pid);
    Look();
}

void Orphans::RememberInherited() {
    for (const Family &family : reaper.Families()) {
        const bool is_looked_for =
            std::any_of(looks.begin(), looks.end(),
                        [&family](const auto &known) { return known.Leader() == family.leader; });
        if (family.owner.kind == Owner::Kind::INHERITED && family.held_until == 0 && !is_looked_for)
            looks.emplace_back(family.owner, family.leader);
    }
    Look();
}

void Orphans::OnLook() noexcept {
    budget = A_TURN;
    Look();
}

void Orphans::Look() noexcept {
    while (budget > 0 && !looks.empty()) {
        MemberSearch &first = looks.front();
        const bool is_over = first.Step(budget);
        // An inherited child's earlier descendants count until the search is complete again.
        if (is_over || first.WhoseMembers().kind == Owner::Kind::WORKER)
            reaper.NoteMembers(first.WhoseMembers(), first.Leader(), first.Found());
        if (is_over)
            looks.pop_front();
    }
    if (budget != A_TURN)
        look.Schedule(); // the next turn has a budget of its own
}

void Orphans::OnDelivered(const ReapResult &result) noexcept {
    if (!result.other_ended || seekers.empty())
        return;
    ended = true;
    step.Schedule();
}

void Orphans::OnStep() noexcept {
    if (!searching)
        Begin();
    for (std::size_t i = 0; i < A_TURN && !unjudged.empty() && !asked; i++) {
        const pid_t pid = unjudged.back();
        unjudged.pop_back();
        Judge(pid);
    }
    if (asked)
        return; // OnMark() goes on
    if (unjudged.empty())
        End();
    else
        step.Schedule();
}

void Orphans::Begin() {
    searching = true;
    added = false;
    ended = false;
    if (!reaper.HasChildren())
        return;
    for (const pid_t pid : sys::ChildrenOf(getpid()))
        if (!reaper.RoleOf(pid))
            unjudged.push_back(pid);
}

void Orphans::Judge(pid_t pid) {
    const auto orphan = Orphan::Look(pid);
    // In between it can have ended, and a worker been started with its number.
    if (!orphan || reaper.RoleOf(pid))
        return;
    const Owner owner = AttributeByKinship(*orphan, reaper.Families());
    if (owner != Owner())
        return reaper.AddLeftover(*orphan, owner);
    asked = orphan;
    marks.Ask(pid, MarkSource::Answer::Make<&Orphans::OnMark>(*this));
}

void Orphans::OnMark(const Mark &mark) noexcept {
    const Orphan orphan = *asked;
    asked.reset();
    step.Schedule();
    const auto now = Orphan::Look(orphan.name.pid);
    if (now && now->name == orphan.name && !reaper.RoleOf(orphan.name.pid))
        reaper.AddLeftover(*now, AttributeByMark(*now, mark, reaper.Families(), has_strangers));
}

void Orphans::End() noexcept {
    searching = false;
    step.Cancel();
    RememberInherited();
    reaper.SettleOthers();
    if (added)
        return step.Schedule();
    const bool complete = !ended || ++repeats > MOST_REPEATS;
    if (complete)
        repeats = 0;
    else
        step.Schedule();
    const std::vector<Seeker *> told = seekers;
    for (Seeker *seeker : told)
        if (std::find(seekers.begin(), seekers.end(), seeker) != seekers.end())
            seeker->OnSearched(complete);
}

} // namespace pool
