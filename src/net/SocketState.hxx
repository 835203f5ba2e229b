#pragma once

#include "net/ListenSpec.hxx"
#include "sys/UniqueFd.hxx"

#include <cstdint>
#include <optional>
#include <span>

namespace net {

// What is asked of, and done to, a socket that is open. A descriptor that is none asks and does nothing.

/** The inode number that /proc/PID/fd shows; 0: none. */
std::uint64_t InodeOf(sys::Fd socket) noexcept;

/** Does it take connections? False too after a shutdown(2), from which listen(2) brings it back. */
bool IsListening(sys::Fd socket) noexcept;

/** Connections that wait for accept(2), and how many can. */
struct Queue {
    unsigned length, limit;
};

/** Of a listening TCP or MPTCP socket (TCP_INFO, tcp(7): there the fields mean this, tcp_get_info of the
 *  kernel); empty for any other, where it is unknown. */
std::optional<Queue> QueueOf(sys::Fd socket) noexcept;

/** How many connections wait to be accepted: of a TCP socket exactly, of others 1 for any number. */
unsigned WaitingConnections(sys::Fd socket) noexcept;

/** Does it refuse all connections, as a unix socket does after shutdown(2), though it listens (IsListening)? */
bool IsShut(sys::Fd socket) noexcept;

/** O_NONBLOCK, which all descriptors of a socket share. */
void SetNonblocking(sys::Fd socket, bool nonblocking) noexcept;

/** Whatever would come to the socket is dropped before it comes, so that a client tries again. Best
 *  effort: some kernels let only root do that. For sockets that no worker has. */
void SetDeaf(sys::Fd socket, bool deaf) noexcept;

/** As far as the kernel takes them. What decides who may have the address (SO_REUSEADDR, SO_REUSEPORT, IPV6_V6ONLY)
 *  is left out. */
void SetOptions(sys::Fd socket, std::span<const SocketOption> options) noexcept;

} // namespace net
