#pragma once

namespace harness {

/**
 * Puts this process and all that it starts under a seccomp filter that refuses what matters here of
 * what Docker's default profile refuses to a container without added capabilities: `pidfd_getfd`,
 * `bpf`, new namespaces and the like with EPERM, `clone3` with ENOSYS. Calls of i386 and x32 are let
 * through.
 *
 * The container runtime does it with CAP_SYS_ADMIN and drops that afterwards; without the capability
 * `no_new_privs` is set first, as seccomp(2) demands. 0 or errno. Needs no library, so that programs
 * can be built with this file alone.
 */
int InstallDockerProfile() noexcept;

/** Docker's default capabilities are all that is left in the bounding set, nothing is inheritable. 0 or errno. */
int KeepDockerCapabilities() noexcept;

} // namespace harness
