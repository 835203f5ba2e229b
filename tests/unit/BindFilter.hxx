#pragma once

#include <array>
#include <cstddef>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

namespace unit {

#ifdef __x86_64__
constexpr unsigned NATIVE_ARCH = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned NATIVE_ARCH = AUDIT_ARCH_AARCH64;
#endif

/** A seccomp filter that reports bind(2) and lets everything else through. */
constexpr std::array<sock_filter, 6> BIND_FILTER = {{
    {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, arch)},
    {BPF_JMP | BPF_JEQ | BPF_K, 0, 2, NATIVE_ARCH},
    {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
    {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SYS_bind},
    {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF},
}};

} // namespace unit
