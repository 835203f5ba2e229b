#pragma once

#include "sys/Capability.hxx"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace unit {

constexpr unsigned NOBODY = 65534;

/** What root has in a container that Docker starts by default. */
constexpr std::uint64_t DOCKER_RIGHTS =
    1ULL << CAP_CHOWN | 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_FOWNER | 1ULL << CAP_FSETID |
    1ULL << CAP_KILL | 1ULL << CAP_SETGID | 1ULL << CAP_SETUID | 1ULL << CAP_SETPCAP |
    1ULL << CAP_NET_BIND_SERVICE | 1ULL << CAP_NET_RAW | 1ULL << CAP_SYS_CHROOT |
    1ULL << CAP_MKNOD | 1ULL << CAP_AUDIT_WRITE | 1ULL << CAP_SETFCAP;

/** Is the caller root with all that? */
inline bool HasDockerRights() noexcept {
    const auto own = sys::ReadCapabilities();
    return getuid() == 0 && own && (own->effective & DOCKER_RIGHTS) == DOCKER_RIGHTS;
}

/** Keeps no more; in a process of its own. */
inline bool KeepDockerRights() noexcept {
    return sys::SetCapabilities({DOCKER_RIGHTS, DOCKER_RIGHTS, 0});
}

/** As a program that was executed with these ids, which its user's other programs may read. */
inline void BecomeNobody() noexcept {
    const gid_t groups[] = {4, 20};
    if (setgroups(2, groups) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0)
        _exit(97);
}

} // namespace unit
