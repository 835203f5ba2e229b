#include "pool/Leftovers.hxx"
#include "pool/StopSignals.hxx"
#include "sys/File.hxx"
#include "util/Text.hxx"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>

namespace pool {

namespace {

constexpr std::size_t A_TURN = 64; // processes that are looked at
constexpr std::size_t MOST_NAMES = 8;

} // namespace

Leftovers::Leftovers(loop::Loop &loop, Orphans &_orphans, Reaper &_reaper,
                     util::BoundMethod<void()> _on_done)
    : orphans(_orphans), reaper(_reaper), on_done(_on_done),
      kill_event(loop, util::Bind<&Leftovers::OnKill>(*this)),
      stuck_timer(loop, util::Bind<&Leftovers::OnStuck>(*this)) {}

Leftovers::~Leftovers() noexcept {
    Cancel();
}

bool Leftovers::Begin(const WorkerRef &_worker, int _signo,
                      const std::optional<GroupSignal> &_told) {
    worker = _worker.id;
    told = _told;
    return Start(_signo);
}

bool Leftovers::BeginAll(int _signo) {
    worker.reset();
    return Start(_signo);
}

bool Leftovers::Start(int _signo) {
    signo = _signo;
    if (!reaper.HasChildren()) {
        if (worker)
            reaper.Settle(*worker);
        return true;
    }
    active = true;
    if (killing)
        stuck_timer.Schedule(STUCK_AFTER);
    orphans.Add(*this);
    return false;
}

void Leftovers::Kill() noexcept {
    if (active && !killing)
        stuck_timer.Schedule(STUCK_AFTER);
    killing = true;
    if (active)
        orphans.Add(*this);
}

void Leftovers::Cancel() noexcept {
    orphans.Remove(*this);
    if (active && worker)
        reaper.Settle(*worker);
    active = false;
    trees.clear();
    kill_event.Cancel();
    stuck_timer.Cancel();
}

bool Leftovers::IsMine(const Owner &owner) const noexcept {
    if (worker)
        return owner == Owner{Owner::Kind::WORKER, *worker};
    return owner.kind != Owner::Kind::INHERITED &&
           (owner.kind != Owner::Kind::NOBODY || !orphans.HasStrangers());
}

void Leftovers::OnSearched(bool complete) noexcept {
    const auto mine = reaper.Leftovers([this](const Owner &owner) { return IsMine(owner); });
    for (Reaper::Leftover *leftover : mine)
        End(*leftover);
    if (mine.empty() && complete)
        Finish();
}

void Leftovers::End(Reaper::Leftover &leftover) {
    if (killing && !leftover.was_killed) {
        leftover.was_killed = true;
        trees.emplace_back(leftover.orphan.name);
        kill_event.Schedule();
    } else if (!killing && !leftover.was_told) {
        leftover.was_told = true;
        const ProcessName &name = leftover.orphan.name;
        if (names.size() < MOST_NAMES)
            if (const auto comm = sys::ReadFile(fmt::format("/proc/{}/comm", name.pid)))
                names.emplace_back(util::Trim(*comm));
        const int asks = signo != 0 ? signo : StopSignalOf(name.pid);
        if (told && told->Reached(leftover.orphan, asks))
            return;
        if (const auto process = sys::Process::Open(name.pid, name.start))
            process->Signal(asks);
    }
}

void Leftovers::OnKill() noexcept {
    std::size_t budget = A_TURN;
    while (budget > 0 && !trees.empty()) {
        const std::size_t part = std::min<std::size_t>(budget, A_TURN / 8);
        if (trees.front().Step(part))
            trees.pop_front();
        budget -= part;
    }
    if (!trees.empty())
        kill_event.Schedule();
}

void Leftovers::OnStuck() noexcept {
    stuck = true;
    Finish();
}

void Leftovers::Finish() noexcept {
    Cancel();
    on_done();
}

} // namespace pool
