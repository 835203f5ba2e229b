#include "net/ListenAgain.hxx"

#include <cerrno>
#include <sys/socket.h>

namespace net {

int BindAgain(sys::Fd socket, const Address &at) noexcept {
    // EINVAL: it is bound.
    return bind(socket.Get(), at.Get(), at.Length()) == 0 || errno == EINVAL ? 0 : errno;
}

int ListenAgain(sys::Fd socket, const ListenSpec &spec) noexcept {
    if (const int error = BindAgain(socket, spec.at.address); error != 0)
        return error;
    return listen(socket.Get(), spec.backlog) == 0 ? 0 : errno;
}

} // namespace net
