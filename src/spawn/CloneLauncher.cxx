#include "spawn/CloneLauncher.hxx"
#include "sys/UnixDatagram.hxx"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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

/** What a child has sent; undefined with errno where there is nothing or it cannot be received. */
sys::UniqueFd ReceiveDescriptor(sys::Fd socket) noexcept {
    auto message = sys::ReceiveDatagram(socket, 1, sys::Wait::NO);
    if (!message)
        return {};
    if (message->descriptors.empty()) {
        errno = EMFILE; // what there is no number for is closed, and the message goes on without it
        return {};
    }
    return std::move(message->descriptors.front());
}

} // namespace

CloneLauncher::CloneLauncher() noexcept {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

bool CloneLauncher::HasFilterSockets() noexcept {
    if (filter_sender.IsDefined())
        return true;
    std::array<int, 2> ends = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return false;
    filter_receiver = {sys::AdoptTag(), ends[0]};
    filter_sender = {sys::AdoptTag(), ends[1]};
    return true;
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
    sock_fprog filter = {};
    if (!spec.filter.empty() && !HasFilterSockets()) {
        plan.filter_errno = errno; // there is no number for it: as where the child finds none
    } else if (!spec.filter.empty()) {
        filter.len = static_cast<unsigned short>(spec.filter.size());
        filter.filter =
            const_cast<sock_filter *>(spec.filter.data()); // which the kernel only reads
        plan.filter = &filter;
        plan.no_new_privs = spec.no_new_privs;
        plan.filter_socket = filter_sender.Get();
    }

    const pid_t pid =
        clone(RunChild, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, &plan);
    if (pid < 0)
        return LaunchFailure{ExecStage::CLONE, errno};
    sys::UniqueFd notify;
    if (plan.filter != nullptr && plan.filter_errno == 0) {
        notify = ReceiveDescriptor(
            filter_receiver); // also of a start that failed later: nothing stays there
        if (!notify.IsDefined() && plan.failed_errno == 0) {
            plan.failed_stage = ExecStage::FILTER;
            plan.failed_errno = errno;
            kill(pid, SIGKILL);
        }
    }
    if (plan.failed_errno != 0) {
        Reap(pid);
        return LaunchFailure{plan.failed_stage, plan.failed_errno};
    }
    return Launched{pid, std::move(notify), plan.filter_errno};
}

} // namespace spawn
