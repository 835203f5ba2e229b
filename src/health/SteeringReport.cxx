#include "health/SteeringReport.hxx"

#include <algorithm>
#include <utility>

namespace health {

void SteeringReport::OnSteering(const net::Listener &listener, net::Cause cause) noexcept {
    Told &told = listeners[listener.Serial()];
    const bool seats = cause == net::Cause::SEATS;
    const auto period = seats ? SEATS_PERIOD : QUEUES_PERIOD;
    const loop::TimePoint now = loop.Now();
    const loop::TimePoint due = told.last ? std::max(now, *told.last + period) : now;
    told.due = std::min(told.due.value_or(due), due);
    told.seats |= seats;
    Arm();
}

void SteeringReport::OnTimer() noexcept {
    const loop::TimePoint now = loop.Now();
    std::map<unsigned, Told> before = std::exchange(listeners, {});
    for (const net::Listener &listener : table.Listeners()) {
        const auto found = before.find(listener.Serial());
        if (found == before.end() || table.HasLetGo())
            continue;
        Told &told = listeners.emplace(found->first, std::move(found->second)).first->second;
        if (!told.due || *told.due > now)
            continue;
        told.last = now;
        told.due.reset();
        Tell(listener, told);
    }
    Arm();
}

void SteeringReport::Arm() noexcept {
    std::optional<loop::TimePoint> first;
    for (const auto &entry : listeners)
        if (const auto &due = entry.second.due)
            first = std::min(first.value_or(*due), *due);
    if (first)
        timer.ScheduleAt(*first);
}

void SteeringReport::Tell(const net::Listener &listener, Told &told) noexcept {
    std::vector<net::Standing> standings;
    report::Steering event{listener.Spec().name, {}, {}};
    for (const net::Seat &seat : listener.Seats()) {
        const net::Standing standing = listener.StandingOf(seat.index);
        standings.push_back(standing);
        if (standing == net::Standing::ACTIVE)
            event.active.push_back({seat.index, seat.occupant->worker, {}});
        else
            event.others.push_back({seat.index, seat.occupant->worker,
                                    net::STANDING_NAMES[static_cast<std::size_t>(standing)]});
    }
    // A queue that grew and shrank again is no news.
    const bool seats = std::exchange(told.seats, false);
    const bool news = seats || standings != told.standings;
    told.standings = std::move(standings);
    if (news)
        reporter.Emit(event);
}

} // namespace health
