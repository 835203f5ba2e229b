#pragma once

#include <chrono>
#include <functional>

namespace sys {

/** How long a caller waits for a call on a socket or in a directory that a worker has, too. */
constexpr std::chrono::milliseconds PATIENCE{50};

/** Runs a function in a child of its own and waits for it, but not longer than `patience`: for a
 *  rare call that may wait for another process, such as one on a socket whose lock a worker holds.
 *  Returns what the function returned (0 or an errno up to 255), ETIMEDOUT if it was late, or the
 *  errno of fork(2).
 *
 *  The child is a copy of the caller with all its descriptors. The function must not throw. A child
 *  that is late is killed and left behind; whoever reaps children must ignore its end. */
int RunElsewhere(const std::function<int()> &function,
                 std::chrono::milliseconds patience = PATIENCE) noexcept;

} // namespace sys
