#pragma once

namespace sys {

/** Closes every descriptor from this number on: for a child that goes on without a new program.
 *  close_range(2) is in kernels from 5.9 on, but sandboxes refuse it (Docker before 20.10). Then
 *  /proc/self/fd names the open ones. Without /proc the numbers up to the limit are tried, at
 *  most a million, because a limit of 2^30 would take minutes. */
void CloseFrom(int first) noexcept;

} // namespace sys
