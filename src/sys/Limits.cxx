#include "sys/Limits.hxx"

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

} // namespace sys
