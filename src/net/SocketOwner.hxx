#pragma once

#include "net/ListenSpec.hxx"
#include "sys/FileSystemIds.hxx"

#include <optional>

namespace net {

/** As long as it lives, new sockets get the uid of the caller that the spec names (`as`), if the
 *  launcher may take it, and the launcher keeps its capabilities. The kernel lets sockets share a
 *  port by SO_REUSEPORT only if their uids are equal. MPTCP makes its inner socket at the first
 *  setsockopt(2) or bind(2), so these belong into the same scope. */
class SocketOwner {
public:
    explicit SocketOwner(const ListenSpec &spec);

    static uid_t Uid(const ListenSpec &spec) noexcept;

private:
    std::optional<sys::FileSystemIds> ids;
};

} // namespace net
