#pragma once

#include "sys/UniqueFd.hxx"

#include <optional>
#include <sys/types.h>

namespace peer {

/** Who has connected a unix socket, as the kernel knows it. */
struct Identity {
    pid_t pid = 0;
    uid_t uid = 0;
    gid_t gid = 0;
    sys::UniqueFd pidfd; // names the process for ever; undefined before Linux 6.5

    /** Of the other end of a connected socket: the process that called connect(2), listen(2) or
     *  socketpair(2). nullopt if it is not connected. */
    static std::optional<Identity> Of(sys::Fd socket) noexcept;
};

} // namespace peer
