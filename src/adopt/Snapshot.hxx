#pragma once

#include "adopt/SocketKind.hxx"
#include "net/HeldPath.hxx"
#include "sys/Elsewhere.hxx"
#include "sys/SeccompNotify.hxx"

#include <optional>
#include <string>
#include <vector>

namespace adopt {

/** All that the launcher knows of a call and its caller. Read() reads it, in a process of its own,
 *  since each of these looks can wait for somebody else: the caller's memory for a FUSE file
 *  system, a path for another, closing a copy of its socket for the peer (SO_LINGER), all of them
 *  for an execve(2) of the caller. Take() then asks whether the call still waits. A thread that
 *  waits cannot change its ids, its directory or its namespaces, and its number cannot become that
 *  of another; so what was read before a positive answer belongs to this caller.
 *
 *  Nothing but Read() takes a number of a thread. Decisions use what the snapshot holds: values,
 *  and handles (O_PATH) of directories. */
struct Snapshot {
    /** What a unix path leads to, looked up with the caller's rights. */
    struct Path {
        int error = 0; // the directory cannot be reached
        net::NameInDirectory name;
        std::optional<net::FileId> file; // what has the name
        bool may_make = false; // the caller may put a file of its own there, in place of this one
    };

    /** The errand. `request` is made by Request(), with handles if only the launcher may open
     *  them. */
    static void Read(const sys::Parcel &request, sys::Parcel &answer) noexcept;
    static sys::Parcel Request(const sys::Notification &call, bool wants_domain,
                               sys::ProcessHandles handles = {});

    /** nullopt: the call is gone. */
    static std::optional<Snapshot> Take(const sys::SeccompNotify &notify,
                                        const sys::Notification &call, sys::Parcel answer);

    int Descriptor() const noexcept { return static_cast<int>(call.args[0]); }

    sys::Notification call = {};
    int refused = 0; // errno if the caller may not be read
    sys::OpenFile file = {}; // the descriptor of the call
    bool is_bound = false; // as far as that can be seen
    bool is_connected = false; // the same
    std::optional<bool> reuse_address; // SO_REUSEADDR, if that can be seen
    SocketKind kind = {}; // its family is 0 if it is never adopted
    ReadAddress address; // of a bind(2)
    std::optional<int> value; // of a setsockopt(2)
    std::vector<net::SocketOption> options; // that it has set on its socket
    std::optional<sys::ProcessIds> ids;
    std::string confinement; // its security domain
    bool shares_network = false; // with the launcher
    bool shares_files = false;
    sys::UniqueFd directory; // the working directory, of a bind to a relative path
    std::string directory_name; // empty if it has none
    Path path; // of a bind to a path
    bool is_debugger = false; // a thread of Node other than the main one binds the debugger's port
};

} // namespace adopt
