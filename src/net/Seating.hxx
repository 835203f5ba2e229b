#pragma once

#include "net/Seat.hxx"

#include <deque>

namespace net {

/** So many seats at most; the program in the kernel has room for no more. */
inline constexpr unsigned MOST_SEATS = 4096;

/** Which seats there are and which workers have them: the same for all listeners. */
class Seating {
public:
    explicit Seating(unsigned seats) : occupants(seats) {}

    unsigned Count() const noexcept { return static_cast<unsigned>(occupants.size()); }

    /** It stays where it is. */
    const Occupant &At(unsigned seat) const noexcept { return occupants[seat]; }

    /** No worker was ready yet, so that all seats are taken for active. */
    bool IsPresumed() const noexcept { return presumed; }

    bool AnyReady() const noexcept;

    /** A seat that nobody has: `preferred` if that is free, else the first; empty: there is
     *  none. */
    std::optional<unsigned> FindFree(std::optional<unsigned> preferred) const noexcept;

    /** One more, parked; nobody has it. */
    void Add() { occupants.emplace_back().parked = true; }
    void RemoveLast() noexcept { occupants.pop_back(); }

    void Take(unsigned seat) noexcept;
    void Park(unsigned seat) noexcept;
    void Occupy(unsigned seat, unsigned worker) noexcept { occupants[seat].worker = worker; }
    void Vacate(unsigned seat) noexcept;
    void Activate(unsigned seat) noexcept;
    void Deactivate(unsigned seat) noexcept;

private:
    std::deque<Occupant> occupants;
    bool presumed = true;
};

} // namespace net
