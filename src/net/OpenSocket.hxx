#pragma once

#include "net/HeldPath.hxx"
#include "net/ListenSpec.hxx"
#include "net/OpenError.hxx"
#include "sys/UniqueFd.hxx"

namespace net {

/** How a socket takes its place beside others of the same address. */
enum class Place : std::uint8_t {
    ALONE, // the address must be free: a second launcher is refused, not given half of the traffic
    FIRST, // the same, and others will join it
    JOINS, // joins a group that a FIRST of this process has opened
};

/** A socket that is bound, not yet listening; the address of the spec gets the real port where it was
 *  0, and IPv4 where the user asked for both families and IPv6 is absent. Throws OpenError. */
sys::UniqueFd BindInet(ListenSpec &spec, Place place);

/** What a worker holds between its bind(2) and its listen(2): a TCP socket that is bound and does not
 *  listen, with SO_REUSEADDR and SO_REUSEPORT, so that any number of them and the group stand side by
 *  side. `joins`: sockets of ours that have SO_REUSEPORT listen there already; else one that listens
 *  there is another program's, and gives EADDRINUSE. Throws OpenError. */
sys::UniqueFd BindPlaceholder(const ListenSpec &spec, bool joins);

/** A socket of the launcher's own that joins the group of these TCP or UDP sockets, as the last one
 *  and deaf. A call for the whole group on it waits for no worker, and nobody's place in the group
 *  changes when it leaves. That of MPTCP sockets is a group of TCP sockets. Throws OpenError, or
 *  std::system_error. */
sys::UniqueFd OpenGuest(const ListenSpec &group);

/** A unix socket that is bound, and its path. */
struct BoundPath {
    sys::UniqueFd socket;
    HeldPath path;
};

/** A unix stream socket, bound. `path` becomes that of its file, unless the name is abstract.
 *
 *  Asked for: with the mode and owner of the spec; the file of a dead server is removed first, that of a live one
 *  refused. Adopted: as the worker would have bound it (`as`, `directory`), with a second name; any file that is
 *  there gives EADDRINUSE, as bind(2) says. Throws OpenError. */
sys::UniqueFd BindUnix(const ListenSpec &spec, HeldPath &path);

/** Takes an inherited socket that listens (TCP, unix) or is bound (UDP) and marks it close-on-exec;
 *  `spec.at` becomes what it is. Throws OpenError where it is no such thing. */
sys::UniqueFd TakeInherited(ListenSpec &spec);

/** listen(2). Throws OpenError. */
void Listen(sys::Fd socket, const ListenSpec &spec);

} // namespace net
