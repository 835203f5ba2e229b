#pragma once

namespace sys {

/** Closes every descriptor from this number on: for a child that goes on without a new program.
 *  close_range(2) is there from kernel 5.9 on, closefrom(3) only in later C libraries. */
void CloseFrom(int first) noexcept;

} // namespace sys
