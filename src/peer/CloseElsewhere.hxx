#pragma once

#include "sys/UniqueFd.hxx"
#include "util/BoundMethod.hxx"

#include <sys/types.h>

namespace peer {

/** Closes a unix socket whose queue may hold descriptors of others. The last close(2) of such a
 *  socket closes them, too, and waits for a lingering TCP socket (SO_LINGER) among them. A process
 *  that exits waits for none. So a child gets a copy of the socket by fork(2), and is killed when
 *  the caller has closed its own. The child shares nothing with the caller.
 *
 *  `forked` learns of the child; whoever reaps children must ignore its end. If fork(2) fails, the
 *  socket stays open. */
void CloseElsewhere(sys::UniqueFd socket, util::BoundMethod<void(pid_t)> forked) noexcept;

} // namespace peer
