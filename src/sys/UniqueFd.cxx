#include "sys/UniqueFd.hxx"

#include <fcntl.h>
#include <unistd.h>

namespace sys {

void UniqueFd::Close() noexcept {
    if (fd.IsDefined())
        close(fd.Get());
    fd = Fd();
}

UniqueFd Duplicate(Fd fd) noexcept {
    return {AdoptTag(), fcntl(fd.Get(), F_DUPFD_CLOEXEC, 0)};
}

UniqueFd Reclaim(int number) noexcept {
    if (number >= 0)
        fcntl(number, F_SETFD, FD_CLOEXEC);
    return {AdoptTag(), number};
}

} // namespace sys
