#include "peer/Identity.hxx"

#include <sys/socket.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

namespace peer {

std::optional<Identity> Identity::Of(sys::Fd socket) noexcept {
    ucred credentials = {};
    socklen_t length = sizeof(credentials);
    if (getsockopt(socket.Get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0 ||
        credentials.pid <= 0)
        return std::nullopt;
    Identity identity = {credentials.pid, credentials.uid, credentials.gid, {}};
    int pidfd = -1; // close-on-exec from birth
    length = sizeof(pidfd);
    if (getsockopt(socket.Get(), SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length) == 0)
        identity.pidfd = sys::UniqueFd(sys::AdoptTag(), pidfd);
    return identity;
}

} // namespace peer
