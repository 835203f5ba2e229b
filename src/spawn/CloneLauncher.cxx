#include "spawn/CloneLauncher.hxx"
#include "spawn/child/Child.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace spawn {

namespace {

constexpr unsigned WORD_BITS = sizeof(unsigned long) * CHAR_BIT;

std::vector<unsigned long> MakeCpuMask(const std::vector<unsigned> &cpus) {
    std::vector<unsigned long> mask;
    for (const unsigned cpu : cpus) {
        mask.resize(std::max<std::size_t>(mask.size(), cpu / WORD_BITS + 1));
        mask[cpu / WORD_BITS] |= 1UL << (cpu % WORD_BITS);
    }
    return mask;
}

/** fork(2) with a pidfd, past the C library: it has nothing to prepare in one thread, and the child
 *  calls nothing of it. Both are close-on-exec. */
pid_t Fork(int &pidfd) noexcept {
    pidfd = -1;
    const long pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr);
    if (pid >= 0 || errno != EINVAL)
        return static_cast<pid_t>(pid);
    pidfd = -1;
    return static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

} // namespace

CloneLauncher::CloneLauncher() noexcept {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

std::variant<Forked, LaunchFailure> CloneLauncher::Launch(LaunchSpec &spec) noexcept {
    Environment::Block env = spec.env.MakeBlock();
    const auto cpu_mask = MakeCpuMask(spec.cpus);
    std::vector<const char *> paths;
    for (const std::string &path : spec.paths)
        paths.push_back(path.c_str());
    paths.push_back(nullptr);
    std::vector<char *> argv;
    for (std::string &word : spec.argv)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    std::vector<const char *> shell_argv = {"/bin/sh", nullptr};
    shell_argv.insert(shell_argv.end(), argv.begin() + 1, argv.end());

    ChildPlan plan = {};
    plan.paths = paths.data();
    plan.argv = argv.data();
    plan.shell_argv = shell_argv.data();
    plan.envp = env.envp.data();
    plan.pid_texts = env.pid_texts.data();
    plan.pid_text_count = env.pid_texts.size();
    plan.moves = spec.fds.Moves().data();
    plan.move_count = spec.fds.Moves().size();
    for (const FdMove &move : spec.fds.Moves())
        plan.moves_top = std::max(plan.moves_top, move.to + 1);
    plan.directory = spec.directory.empty() ? nullptr : spec.directory.c_str();
    plan.cpu_mask = cpu_mask.data();
    plan.cpu_mask_bytes = cpu_mask.size() * sizeof(unsigned long);
    plan.set_groups = spec.ids.groups.has_value();
    if (spec.ids.groups) {
        plan.groups = spec.ids.groups->data();
        plan.group_count = spec.ids.groups->size();
    }
    plan.set_gid = spec.ids.gid.has_value();
    plan.gid = spec.ids.gid.value_or(0);
    plan.set_uid = spec.ids.uid.has_value();
    plan.uid = spec.ids.uid.value_or(0);
    plan.own_group = spec.own_group;
    plan.death_signal = SIGTERM;
    plan.stop_signal = spec.stop_signal;
    plan.launcher = getpid();
    plan.descriptor_limit = spec.descriptor_limit;
    sock_fprog filter = {};
    if (!spec.filter.empty()) {
        filter.len = static_cast<unsigned short>(spec.filter.size());
        // The kernel only reads it.
        filter.filter = const_cast<sock_filter *>(spec.filter.data());
        plan.filter = &filter;
        plan.no_new_privs = spec.no_new_privs;
    }

    std::array<int, 2> ends = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return LaunchFailure{ExecStage::DESCRIPTORS, errno};
    sys::UniqueFd ours(sys::AdoptTag(), ends[0]);
    const sys::UniqueFd theirs(sys::AdoptTag(), ends[1]);
    plan.channel = theirs.Get();
    int pidfd = -1;
    const pid_t pid = Fork(pidfd);
    if (pid < 0)
        return LaunchFailure{ExecStage::CLONE, errno};
    if (pid == 0)
        RunChild(plan);
    return Forked{pid, {sys::AdoptTag(), pidfd}, StartChannel(std::move(ours))};
}

} // namespace spawn
