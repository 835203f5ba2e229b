#include "adopt/ListenerClosing.hxx"

#include <algorithm>
#include <set>
#include <sys/socket.h>
#include <unistd.h>

namespace adopt {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds DELAY = 100ms, AGAIN = 1s, LONGEST_WAIT = 60s;
constexpr unsigned BREAKS = 20; // as long as a search took

} // namespace

ListenerClosing::ListenerClosing(Adoption &_adoption) noexcept
    : adoption(_adoption), pause(DELAY),
      search(_adoption.loop, _adoption.errands, HeldSearch::NOBODY, HeldSearch::Pace::IN_BACKGROUND,
             HeldSearch::Done::Make<&ListenerClosing::OnHeld>(*this)),
      look(_adoption.loop, util::Bind<&ListenerClosing::OnLook>(*this)) {}

void ListenerClosing::Changed() noexcept {
    const auto &listeners = adoption.table.Listeners();
    const bool any = std::any_of(listeners.begin(), listeners.end(), [](const auto &listener) {
        return listener.Spec().origin == net::ListenSpec::Origin::ADOPTED;
    });
    if (any && !look.IsPending())
        look.ScheduleAt(adoption.loop.Now() + pause);
}

void ListenerClosing::Gone(const pool::WorkerRef &worker) noexcept {
    if (const auto found = workers.find(worker.slot);
        found != workers.end() && found->second.id == worker.id)
        workers.erase(found);
    Changed();
}

void ListenerClosing::Cleared(const pool::WorkerRef &worker) noexcept {
    if (adoption.table.HasLetGo())
        return;
    const std::set<unsigned> alone = {worker.slot};
    std::vector<net::Listener *> own;
    for (net::Listener &listener : adoption.table.Listeners())
        if (listener.Spec().origin == net::ListenSpec::Origin::ADOPTED &&
            listener.Spec().at.address.Family() == AF_UNIX && adoption.SlotsOf(listener) == alone)
            own.push_back(&listener);
    for (net::Listener *listener : own)
        adoption.Close(*listener);
}

void ListenerClosing::Forget(const net::Listener &listener) noexcept {
    unheld.erase(&listener);
    std::erase(candidates, &listener);
}

void ListenerClosing::OnLook() noexcept {
    if (adoption.table.HasLetGo())
        return;
    if (search.IsUnderWay()) {
        look.Schedule(AGAIN);
        return;
    }
    candidates.clear();
    std::vector<std::uint64_t> inodes;
    std::size_t passed = 0;
    bool all = true;
    for (net::Listener &listener : adoption.table.Listeners()) {
        if (listener.Spec().origin != net::ListenSpec::Origin::ADOPTED || passed++ < skipped)
            continue;
        const auto own = adoption.InodesOf(listener);
        all = inodes.empty() || inodes.size() + own.size() <= HeldSearch::MOST_SOCKETS;
        if (!all)
            break;
        inodes.insert(inodes.end(), own.begin(), own.end());
        candidates.push_back(&listener);
    }
    skipped = all ? 0 : skipped + candidates.size();
    if (!all)
        look.Schedule(AGAIN);
    if (candidates.empty())
        return;
    begun = adoption.loop.Now();
    search_began = adoption.Moment();
    search.Start(getpid(), false, 0, std::move(inodes));
}

void ListenerClosing::OnHeld(std::optional<HeldSearch::Inodes> held) noexcept {
    pause = std::max<loop::TimePoint::duration>(DELAY, BREAKS * (adoption.loop.Now() - begun));
    if (!held) // there is one that cannot be read
        return;
    bool waits = false;
    std::vector<net::Listener *> unwanted;
    for (net::Listener *listener : candidates) {
        if (adoption.IsHeld(*listener, *held, search_began))
            unheld.erase(listener);
        else if (IsWanted(*listener))
            waits = true;
        else
            unwanted.push_back(listener);
    }
    for (net::Listener *listener : unwanted)
        adoption.Close(*listener);
    if (waits && !look.IsPending())
        look.ScheduleAt(adoption.loop.Now() + std::max<loop::TimePoint::duration>(AGAIN, pause));
}

bool ListenerClosing::IsWanted(const net::Listener &listener) noexcept {
    if (adoption.facts.IsComplete())
        return false;
    const loop::TimePoint now = adoption.loop.Now();
    const auto since = unheld.try_emplace(&listener, now).first->second;
    const auto &slots = adoption.SlotsOf(listener);
    return now - since < LONGEST_WAIT &&
           std::any_of(slots.begin(), slots.end(),
                       [this](unsigned slot) { return IsBetweenWorkers(slot); });
}

bool ListenerClosing::IsBetweenWorkers(unsigned slot) const noexcept {
    const auto found = workers.find(slot);
    return found == workers.end() || adoption.facts.IsStarting(found->second);
}

} // namespace adopt
