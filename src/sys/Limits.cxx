#include "sys/Limits.hxx"

#include <filesystem>
#include <sys/stat.h>
#include <system_error>

namespace sys {

rlimit RaiseDescriptorLimit() noexcept {
    rlimit before = {};
    getrlimit(RLIMIT_NOFILE, &before);
    if (before.rlim_cur != before.rlim_max) {
        const rlimit raised = {before.rlim_max, before.rlim_max};
        setrlimit(RLIMIT_NOFILE, &raised);
    }
    return before;
}

std::size_t CountDescriptors() {
    struct stat status = {};
    // Since Linux 6.2 the size of the folder is their number.
    if (stat("/proc/self/fd", &status) == 0 && status.st_size != 0)
        return static_cast<std::size_t>(status.st_size);
    std::size_t count = 0;
    std::error_code error;
    for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end;
         !error && entry != end; entry.increment(error))
        count++;
    return count;
}

} // namespace sys
