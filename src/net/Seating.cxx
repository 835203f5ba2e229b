#include "net/Seating.hxx"

#include <algorithm>

namespace net {

bool Seating::AnyReady() const noexcept {
    return std::any_of(occupants.begin(), occupants.end(),
                       [](const Occupant &occupant) { return occupant.ready; });
}

std::optional<unsigned> Seating::FindFree(std::optional<unsigned> preferred) const noexcept {
    if (preferred && *preferred < Count() && !occupants[*preferred].taken)
        return preferred;
    const auto found = std::find_if(occupants.begin(), occupants.end(),
                                    [](const Occupant &occupant) { return !occupant.taken; });
    if (found == occupants.end())
        return std::nullopt;
    return static_cast<unsigned>(found - occupants.begin());
}

void Seating::Take(unsigned seat) noexcept {
    occupants[seat].taken = true;
    occupants[seat].parked = false;
}

void Seating::Park(unsigned seat) noexcept {
    occupants[seat] = {};
    occupants[seat].parked = true;
    occupants[seat].lost = true;
}

void Seating::Vacate(unsigned seat) noexcept {
    occupants[seat].worker.reset();
    Deactivate(seat);
}

void Seating::Activate(unsigned seat) noexcept {
    presumed = false;
    occupants[seat].ready = true;
}

void Seating::Deactivate(unsigned seat) noexcept {
    occupants[seat].ready = false;
    occupants[seat].lost = true;
}

} // namespace net
