#include "sys/CloseFrom.hxx"
#include "util/Number.hxx"

#include <algorithm>
#include <climits>
#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sys {

namespace {

constexpr long MOST_TRIED = 1L << 20;

/** False if /proc cannot be read. */
bool CloseListed(int first) noexcept {
    DIR *list = opendir("/proc/self/fd");
    if (list == nullptr)
        return false;
    // The numbers are counted up, so closing those that were read disturbs nothing.
    while (const dirent *entry = readdir(list)) {
        const auto number = util::ParseUnsigned(entry->d_name, INT_MAX);
        const int fd = number ? static_cast<int>(*number) : -1;
        if (fd >= first && fd != dirfd(list))
            close(fd);
    }
    closedir(list);
    return true;
}

} // namespace

void CloseFrom(int first) noexcept {
    if (syscall(SYS_close_range, first, ~0U, 0) == 0 || CloseListed(first))
        return;
    const long top = std::min(sysconf(_SC_OPEN_MAX), MOST_TRIED);
    for (int fd = first; fd < top; fd++)
        close(fd);
}

} // namespace sys
