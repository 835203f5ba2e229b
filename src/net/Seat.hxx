#pragma once

#include "sys/UniqueFd.hxx"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace net {

/** The worker that has the seats of one index: each listener has one of them. */
struct Occupant {
    std::optional<unsigned> worker; // its id, from its start to its end
    bool taken = false; // by a slot
    bool parked = false; // given back, and nobody has taken it since
    bool ready = false; // the worker is ready and was not told to leave
    bool lost = false; // its worker has ended before the first one was ready
};

/** Why a seat gets connections or not. */
enum class Standing : std::uint8_t {
    ACTIVE, // it gets connections
    BEHIND, // its worker takes nothing out of its queue
    BUSY, // its queue is longer than those of the others
    NOT_READY, // its worker is not ready, or leaves, or there is none
    NOT_SERVING, // its worker is ready, but was not seen to listen here
    WITHHELD, // its worker hangs, or has shut the socket down or closed it
    PARKED, // no slot needs it
};

inline constexpr std::array<std::string_view, 7> STANDING_NAMES = {
    "active", "behind", "busy", "not ready", "not serving", "withheld", "parked"};

/** One socket of a listener, which the worker that has the seat accepts from. An index in the
 *  group, not the number of a slot: two workers of a slot have two seats. The socket belongs to the
 *  launcher and outlives its workers: the next one answers what waits in its queue. */
struct Seat {
    Seat(unsigned _index, const Occupant &_occupant, sys::UniqueFd _socket = {}) noexcept
        : index(_index), occupant(&_occupant), socket(std::move(_socket)) {}

    const unsigned index;
    const Occupant *const occupant;
    sys::UniqueFd socket; // of a listener with one socket for all only seat 0 has it
    bool active = false; // it is in the set in force
    bool serving = false; // its worker listens here
    bool withheld = false; // until another worker has it, or this one listens here again
};

} // namespace net
