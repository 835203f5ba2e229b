#pragma once

#include "net/ListenSpec.hxx"
#include "sys/UniqueFd.hxx"

#include <functional>

namespace balance {

/** Gives a program to the reuseport group of the spec. `attach` calls setsockopt(2) with one socket
 *  of the group, which waits for the lock of that socket, and returns 0 or errno; it must not
 *  throw.
 *
 *  A worker can hold the lock of its own socket. So the socket is a guest (net::OpenGuest), which
 *  no worker has. If none can be opened (no descriptor is left, or a worker has changed an option
 *  of its socket so that the kernel refuses others), `member` is taken in another process, with a
 *  deadline (sys::RunElsewhere). Returns 0 or errno. */
int AttachToGroup(const net::ListenSpec &spec, sys::Fd member,
                  const std::function<int(int)> &attach) noexcept;

} // namespace balance
