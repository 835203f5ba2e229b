#include "harness/DockerProfile.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace harness {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t ARCHITECTURE = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t ARCHITECTURE = AUDIT_ARCH_AARCH64;
#else
#error "a row for this architecture is missing"
#endif

/** Refused with EPERM: the profile's default, for what it does not name. */
constexpr std::uint32_t REFUSED[] = {
    SYS_pidfd_getfd,
    SYS_bpf,
    SYS_kcmp,
    SYS_perf_event_open,
    SYS_process_madvise,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_setns,
    SYS_unshare,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_open_by_handle_at,
    SYS_reboot,
    SYS_quotactl,
    SYS_swapon,
};

constexpr std::uint32_t NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                     CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;

constexpr int KEPT[] = {
    CAP_CHOWN,      CAP_DAC_OVERRIDE, CAP_FOWNER,      CAP_FSETID,  CAP_KILL,
    CAP_SETGID,     CAP_SETUID,       CAP_SETPCAP,     CAP_NET_RAW, CAP_NET_BIND_SERVICE,
    CAP_SYS_CHROOT, CAP_MKNOD,        CAP_AUDIT_WRITE, CAP_SETFCAP,
};

constexpr sock_filter Load(std::uint32_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}

constexpr sock_filter Skip(std::uint16_t test, std::uint32_t value, std::uint8_t if_so,
                           std::uint8_t if_not) {
    return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), value, if_so, if_not);
}

constexpr sock_filter Answer(std::uint32_t action) {
    return BPF_STMT(BPF_RET | BPF_K, action);
}

std::vector<sock_filter> Filter() {
    const auto refuse = Answer(SECCOMP_RET_ERRNO | EPERM);
    const auto allow = Answer(SECCOMP_RET_ALLOW);
    std::vector<sock_filter> filter{
        Load(offsetof(seccomp_data, arch)),
        Skip(BPF_JEQ, ARCHITECTURE, 1, 0),
        allow,
        Load(offsetof(seccomp_data, nr)),
        Skip(BPF_JEQ, SYS_clone3, 0, 1),
        Answer(SECCOMP_RET_ERRNO | ENOSYS),
    };
    for (const auto number : REFUSED) {
        filter.push_back(Skip(BPF_JEQ, number, 0, 1));
        filter.push_back(refuse);
    }
    // The flags are the first argument, their lower half comes first on both architectures.
    filter.push_back(Skip(BPF_JEQ, SYS_clone, 0, 3));
    filter.push_back(Load(offsetof(seccomp_data, args)));
    filter.push_back(Skip(BPF_JSET, NAMESPACES, 0, 1));
    filter.push_back(refuse);
    filter.push_back(allow);
    return filter;
}

} // namespace

int InstallDockerProfile() noexcept {
    auto filter = Filter();
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
        return 0;
    if (errno != EACCES)
        return errno;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
        return errno;
    return 0;
}

int KeepDockerCapabilities() noexcept {
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
        if (std::find(std::begin(KEPT), std::end(KEPT), capability) == std::end(KEPT) &&
            prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
            return errno;
    }
    // What is permitted follows from the bounding set when root executes a program.
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    if (syscall(SYS_capget, &header, data.data()) != 0)
        return errno;
    for (auto &part : data)
        part.inheritable = 0;
    if (syscall(SYS_capset, &header, data.data()) != 0)
        return errno;
    return 0;
}

} // namespace harness
