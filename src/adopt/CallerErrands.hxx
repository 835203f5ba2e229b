#pragma once

#include "adopt/Decision.hxx"
#include "sys/Elsewhere.hxx"

namespace adopt {

// What is done for a caller in a process of our own: a unix path may lie on a file system that does
// not answer, and a descriptor is put only when the caller's thread has run.

/** Asks for a path to be bound as `spec` says; a relative one counts from `directory`. Without
 *  `hold` there is no second name. */
sys::Parcel BindPathRequest(const net::ListenSpec &spec, sys::UniqueFd directory, bool hold);
void BindPath(const sys::Parcel &request, sys::Parcel &answer) noexcept;

/** What BindPath has answered. */
Question::PathResult ReadPathResult(sys::Parcel answer);

/** Asks for a socket to become the caller's descriptor, and the call to succeed then. `socket` and
 *  `listener` are duplicates. The options are set before, and the file of `path`, if it is given,
 *  is put back with the rights of the caller. */
sys::Parcel PutRequest(const Snapshot &caller, sys::UniqueFd listener, sys::UniqueFd socket,
                       const std::vector<net::SocketOption> &options, const net::HeldPath *path);
void Put(const sys::Parcel &request, sys::Parcel &answer) noexcept;

struct PutResult {
    int path_error; // of putting the file back
    int error; // of putting the descriptor; ENOENT: the call is gone
    bool returned;
};

PutResult ReadPutResult(const sys::Parcel &answer);

} // namespace adopt
