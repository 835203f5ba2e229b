#include "net/SocketOwner.hxx"

#include <unistd.h>

namespace net {

SocketOwner::SocketOwner(const ListenSpec &spec) {
    if (spec.as && spec.as->uid != geteuid())
        ids.emplace(*spec.as, sys::Keep::ALL);
}

uid_t SocketOwner::Uid(const ListenSpec &spec) noexcept {
    return spec.as ? spec.as->uid : geteuid();
}

} // namespace net
