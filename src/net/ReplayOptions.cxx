#include "net/ReplayOptions.hxx"

#include <netinet/in.h>
#include <sys/socket.h>

namespace net {

namespace {

/** Who may have the address beside us is decided by net::Place, not by what a worker has set. */
bool IsPlacing(const SocketOption &option) noexcept {
    return (option.level == SOL_SOCKET &&
            (option.name == SO_REUSEADDR || option.name == SO_REUSEPORT)) ||
           (option.level == IPPROTO_IPV6 && option.name == IPV6_V6ONLY);
}

} // namespace

void ReplayOptions(const ListenSpec &spec, int fd) noexcept {
    for (const SocketOption &option : spec.options)
        if (!IsPlacing(option))
            static_cast<void>(setsockopt(fd, option.level, option.name, option.value.data(),
                                         static_cast<socklen_t>(option.value.size())));
}

} // namespace net
