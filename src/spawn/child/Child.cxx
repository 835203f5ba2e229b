#include "spawn/child/Child.hxx"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

// System calls are made with syscall(2): the C library's set*id() lock and signal other threads,
// and a sanitizer intercepts others.

namespace spawn {

namespace {

constexpr long PIDFS_MAGIC = 0x50494446; // linux/magic.h, kernel 6.9: inode numbers are unique
constexpr std::size_t KERNEL_SIGSET_BYTES = 8; // _NSIG / 8

[[noreturn]] void Exit() noexcept {
    for (;;)
        syscall(SYS_exit_group, 127);
}

/** Never waits: a launcher that does not read is not worth it. `descriptor` < 0: none comes
 *  along. */
bool Send(const ChildPlan &plan, const ChildReport &report, int descriptor) noexcept {
    iovec content = {const_cast<ChildReport *>(&report), sizeof(report)};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(descriptor))] = {};
    msghdr message = {};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    if (descriptor >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(descriptor));
        __builtin_memcpy(CMSG_DATA(rights), &descriptor, sizeof(descriptor));
    }
    return syscall(SYS_sendmsg, plan.channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL) ==
           static_cast<long>(sizeof(report));
}

[[noreturn]] void Fail(const ChildPlan &plan, ExecStage stage) noexcept {
    Send(plan, {ChildReport::Kind::FAILED, stage, errno}, -1);
    Exit();
}

void Check(ChildPlan &plan, ExecStage stage, long result) noexcept {
    if (result < 0)
        Fail(plan, stage);
}

/** Loads the filter. Returns its listener, or -1 with errno. */
int InstallFilter(const ChildPlan &plan) noexcept {
    if (plan.no_new_privs && syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    // Only death interrupts a call that the launcher has received (Linux 5.19); before, a signal
    // does, too.
    constexpr unsigned long FLAGS =
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                            FLAGS | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, plan.filter);
    if (listener < 0 && errno == EINVAL)
        listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, FLAGS, plan.filter);
    return static_cast<int>(listener);
}

/** Early, while the launcher's capabilities are there; nothing that follows here is a call that the
 *  filter reports. A worker whose filter nobody listens to would get ENOSYS from those calls, so
 *  that fails the start. */
void HandOverFilter(ChildPlan &plan) noexcept {
    const int listener = InstallFilter(plan);
    if (listener < 0) {
        Send(plan, {ChildReport::Kind::NO_FILTER, ExecStage::FILTER, errno}, -1);
        return;
    }
    if (!Send(plan, {ChildReport::Kind::FILTER, ExecStage::FILTER, 0}, listener))
        Fail(plan, ExecStage::FILTER);
    syscall(SYS_close, listener);
}

/** Moves the channel and every source out of the way of the targets first, then each to its place:
 *  the order of the moves does not matter, and none destroys another's source. */
void MoveDescriptors(ChildPlan &plan) noexcept {
    if (plan.channel < plan.moves_top) {
        const long moved = syscall(SYS_fcntl, plan.channel, F_DUPFD_CLOEXEC, plan.moves_top);
        Check(plan, ExecStage::DESCRIPTORS, moved);
        plan.channel = static_cast<int>(moved);
    }
    for (std::size_t i = 0; i < plan.move_count; i++) {
        FdMove &move = plan.moves[i];
        if (move.from == move.to || move.from >= plan.moves_top)
            continue;
        move.from =
            static_cast<int>(syscall(SYS_fcntl, move.from, F_DUPFD_CLOEXEC, plan.moves_top));
        Check(plan, ExecStage::DESCRIPTORS, move.from);
    }
    for (std::size_t i = 0; i < plan.move_count; i++) {
        const FdMove &move = plan.moves[i];
        Check(plan, ExecStage::DESCRIPTORS,
              move.from == move.to ? syscall(SYS_fcntl, move.from, F_SETFD, 0)
                                   : syscall(SYS_dup3, move.from, move.to, 0));
    }
}

void WriteDecimal(char *place, std::uint64_t number) noexcept {
    char reversed[PidText::DIGITS];
    std::size_t count = 0;
    do
        reversed[count++] = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    while (count != 0)
        *place++ = reversed[--count];
    *place = '\0';
}

/** The inode number of the process's own pidfd, which identifies it for ever; false before
 *  pidfs. */
bool FindPidfdId(pid_t pid, std::uint64_t &id) noexcept {
    const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (fd < 0)
        return false;
    struct statfs system = {};
    struct stat status = {};
    const bool known =
        fstatfs(fd, &system) == 0 && system.f_type == PIDFS_MAGIC && fstat(fd, &status) == 0;
    syscall(SYS_close, fd);
    id = status.st_ino;
    return known;
}

void RenderPidTexts(const ChildPlan &plan) noexcept {
    const auto pid = static_cast<pid_t>(syscall(SYS_getpid));
    for (std::size_t i = 0; i < plan.pid_text_count; i++) {
        const PidText &text = plan.pid_texts[i];
        auto number = static_cast<std::uint64_t>(pid);
        if (text.kind == PidText::Kind::PID || FindPidfdId(pid, number))
            WriteDecimal(text.digits, number);
        else
            *text.entry = nullptr;
    }
}

/** The user and the group are those that the process has already. */
bool HasIds(const ChildPlan &plan) noexcept {
    uid_t uids[3] = {};
    gid_t gids[3] = {};
    syscall(SYS_getresuid, &uids[0], &uids[1], &uids[2]);
    syscall(SYS_getresgid, &gids[0], &gids[1], &gids[2]);
    bool same = true;
    for (const uid_t uid : uids)
        same = same && (!plan.set_uid || uid == plan.uid);
    for (const gid_t gid : gids)
        same = same && (!plan.set_gid || gid == plan.gid);
    return same;
}

void ChangeIds(ChildPlan &plan) noexcept {
    // An image that runs as the user that it also names has no right to do so, and needs none. It
    // keeps the supplementary groups that it was started with.
    if (plan.set_groups && syscall(SYS_setgroups, plan.group_count, plan.groups) != 0 &&
        (errno != EPERM || !HasIds(plan)))
        Fail(plan, ExecStage::GROUPS);
    if (plan.set_gid)
        Check(plan, ExecStage::GID, syscall(SYS_setresgid, plan.gid, plan.gid, plan.gid));
    if (!plan.set_uid)
        return;
    // The kernel drops capabilities only on the way from uid 0: a launcher of another user with
    // ambient ones would hand them to the worker (capabilities(7)). ENOSYS, EINVAL: before Linux
    // 4.3.
    syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    Check(plan, ExecStage::UID, syscall(SYS_setresuid, plan.uid, plan.uid, plan.uid));
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    Check(plan, ExecStage::CAPABILITIES, syscall(SYS_capset, &header, none));
}

/** After the ids: a change of them clears the death signal (prctl(2), PR_SET_PDEATHSIG). */
void TieToLauncher(ChildPlan &plan) noexcept {
    Check(plan, ExecStage::DEATH_SIGNAL,
          syscall(SYS_prctl, PR_SET_PDEATHSIG, plan.death_signal, 0, 0, 0));
    // It may have died before: nobody is left to read a failure. 0: it lives in an outer PID
    // namespace.
    const long parent = syscall(SYS_getppid);
    if (parent != plan.launcher && parent != 0)
        Exit();
}

/** A program for this or another machine: no text for a shell. */
bool IsBinary(const char *path) noexcept {
    const int fd = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC));
    if (fd < 0)
        return false;
    char magic[4] = {};
    const bool is_elf = syscall(SYS_read, fd, magic, sizeof(magic)) == sizeof(magic) &&
                        magic[0] == '\177' && magic[1] == 'E' && magic[2] == 'L' && magic[3] == 'F';
    syscall(SYS_close, fd);
    return is_elf;
}

/** A script without #!. Returns with ENOEXEC in errno if no shell can run it. */
void ExecuteByShell(ChildPlan &plan, const char *path) noexcept {
    if (!IsBinary(path)) {
        plan.shell_argv[1] = path;
        syscall(SYS_execve, plan.shell_argv[0], plan.shell_argv, plan.envp);
    }
    errno = ENOEXEC;
}

/** As execvp(3): what is not there is passed over, what may not be executed is remembered. */
[[noreturn]] void Execute(ChildPlan &plan) noexcept {
    int denied = 0;
    for (const char *const *path = plan.paths; *path != nullptr; path++) {
        syscall(SYS_execve, *path, plan.argv, plan.envp);
        if (errno == ENOEXEC)
            ExecuteByShell(plan, *path);
        if (errno == EACCES)
            denied = errno;
        else if (errno != ENOENT && errno != ENOTDIR)
            Fail(plan, ExecStage::EXEC);
    }
    errno = denied != 0 ? denied : ENOENT;
    Fail(plan, ExecStage::EXEC);
}

} // namespace

void RunChild(ChildPlan &plan) noexcept {
    if (plan.own_group)
        Check(plan, ExecStage::GROUP, syscall(SYS_setpgid, 0, 0));
    if (plan.filter != nullptr)
        HandOverFilter(plan);
    MoveDescriptors(plan);
    if (plan.cpu_mask_bytes != 0)
        Check(plan, ExecStage::AFFINITY,
              syscall(SYS_sched_setaffinity, 0, plan.cpu_mask_bytes, plan.cpu_mask));
    RenderPidTexts(plan);
    ChangeIds(plan);
    if (plan.directory != nullptr)
        Check(plan, ExecStage::DIRECTORY, syscall(SYS_chdir, plan.directory));
    TieToLauncher(plan);
    Check(plan, ExecStage::LIMITS,
          syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &plan.descriptor_limit, nullptr));
    // struct sigaction as the kernel sees it, all zero: SIG_DFL.
    const unsigned long default_action[4] = {};
    if (plan.stop_signal != 0)
        Check(plan, ExecStage::MASK,
              syscall(SYS_rt_sigaction, plan.stop_signal, default_action, nullptr,
                      KERNEL_SIGSET_BYTES));
    const unsigned long nothing_blocked[KERNEL_SIGSET_BYTES / sizeof(unsigned long)] = {};
    Check(plan, ExecStage::MASK,
          syscall(SYS_rt_sigprocmask, SIG_SETMASK, nothing_blocked, nullptr, KERNEL_SIGSET_BYTES));
    Execute(plan);
}

} // namespace spawn
