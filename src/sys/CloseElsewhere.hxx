#pragma once

#include "sys/UniqueFd.hxx"
#include "util/BoundMethod.hxx"

#include <sys/types.h>
#include <vector>

namespace sys {

/** Closes sockets that belong to others, too. The last close(2) of such a socket can wait: a TCP
 *  socket lingers (SO_LINGER), and the queue of a unix socket may hold descriptors that linger. A
 *  process that exits waits for none. So a child gets copies by fork(2), and is killed when the
 *  caller has closed its own. The child shares nothing with the caller.
 *
 *  It waits for the child's end, 50 ms at most, so that in general the addresses are free
 *  afterwards. `forked`, or nothing, learns of a child that takes longer; whoever reaps children
 *  must ignore its end. If fork(2) fails, the sockets stay open. */
void CloseElsewhere(std::vector<UniqueFd> sockets,
                    util::BoundMethod<void(pid_t)> forked = {}) noexcept;

} // namespace sys
