#include "spawn/CloneLauncher.hxx"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

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

/** A zombie that never executed anything is nobody's worker. */
void Reap(pid_t pid) noexcept {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

} // namespace

CloneLauncher::CloneLauncher() noexcept {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

std::variant<Launched, LaunchFailure> CloneLauncher::Launch(LaunchSpec &spec) noexcept {
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

    ChildPlan plan = {};
    plan.paths = paths.data();
    plan.argv = argv.data();
    plan.envp = env.envp.data();
    plan.pid_texts = env.pid_texts.data();
    plan.pid_text_count = env.pid_texts.size();
    plan.moves = spec.fds.data();
    plan.move_count = spec.fds.size();
    for (const FdMove &move : spec.fds)
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

    const pid_t pid =
        clone(RunChild, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, &plan);
    if (pid < 0)
        return LaunchFailure{ExecStage::CLONE, errno};
    if (plan.failed_errno != 0) {
        Reap(pid);
        return LaunchFailure{plan.failed_stage, plan.failed_errno};
    }
    return Launched{pid};
}

} // namespace spawn
