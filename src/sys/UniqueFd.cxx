#include "sys/UniqueFd.hxx"

#include <unistd.h>

namespace sys {

void UniqueFd::Close() noexcept {
    if (fd.IsDefined())
        close(fd.Get());
    fd = Fd();
}

} // namespace sys
