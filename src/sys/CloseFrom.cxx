#include "sys/CloseFrom.hxx"

#include <sys/syscall.h>
#include <unistd.h>

namespace sys {

void CloseFrom(int first) noexcept {
    if (syscall(SYS_close_range, first, ~0U, 0) == 0)
        return;
    const long top = sysconf(_SC_OPEN_MAX);
    for (int fd = first; fd < top; fd++)
        close(fd);
}

} // namespace sys
