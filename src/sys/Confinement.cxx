#include "sys/Confinement.hxx"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>

namespace sys {

namespace {

/** PROC_USER_INIT_INO of linux/proc_ns.h, which is not among the kernel's public headers. */
constexpr ino_t FIRST_USER_NAMESPACE = 0xEFFFFFFD;

} // namespace

bool HasSeccompFilter() noexcept {
    return prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER;
}

bool IsInUserNamespace() noexcept {
    struct stat st = {};
    return stat("/proc/self/ns/user", &st) == 0 && st.st_ino != FIRST_USER_NAMESPACE;
}

} // namespace sys
