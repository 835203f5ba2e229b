#pragma once

#include "net/Seat.hxx"

namespace unit {

/** Has the seats of tests in which nobody asks. */
inline const net::Occupant NOBODY;

} // namespace unit
