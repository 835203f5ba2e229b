#pragma once

#include "net/ListenSpec.hxx"
#include "sys/UniqueFd.hxx"

namespace net {

// A TCP or MPTCP socket that a shutdown(2) has stopped (tcp_disconnect of the kernel): out of its group, its queue gone.

/** A port that the kernel chose is lost when the socket stops (SOCK_BINDPORT_LOCK of the kernel): it is taken again.
 *  Nothing is done where it is not lost. Returns 0 or errno. */
int BindAgain(sys::Fd socket, const Address &at) noexcept;

/** That, and it listens again, as the last of its group. Returns 0 or errno. */
int ListenAgain(sys::Fd socket, const ListenSpec &spec) noexcept;

} // namespace net
