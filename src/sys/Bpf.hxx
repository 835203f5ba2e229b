#pragma once

#include "sys/UniqueFd.hxx"

namespace sys {

// What bpf(2) can do with maps and programs that are loaded already.

/** Puts a socket into a map of type REUSEPORT_SOCKARRAY (Linux 4.19): a member of a reuseport group that
 *  listens (TCP) or is bound (UDP). The kernel takes it out again when it leaves the group. Returns 0 or errno:
 *  EINVAL, ENOTSUPP (no TCP or UDP socket), EBUSY (it is in such a map already), EPERM. */
int PutSocket(Fd map, unsigned index, Fd socket) noexcept;

/** The program chooses for the whole group of this member, in the place of any other, from one packet to the
 *  next: SO_ATTACH_REUSEPORT_EBPF, socket(7). Returns 0 or errno. */
int AttachToGroup(Fd member, Fd program) noexcept;

} // namespace sys
