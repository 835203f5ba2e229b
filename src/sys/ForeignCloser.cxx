#include "sys/ForeignCloser.hxx"

#include <algorithm>
#include <csignal>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sys {

namespace {

/** fork(2) with the descriptor table shared. */
pid_t ForkWithDescriptors() noexcept {
#if defined(__x86_64__) || defined(__aarch64__)
    return static_cast<pid_t>(
        syscall(SYS_clone, CLONE_FILES | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
#else
    errno = ENOSYS;
    return -1;
#endif
}

bool HasEnded(const UniqueFd &process) noexcept {
    pollfd end = {process.Get(), POLLIN, 0};
    return !process.IsDefined() || poll(&end, 1, 0) == 1;
}

} // namespace

ForeignCloser::~ForeignCloser() noexcept {
    for (const UniqueFd &process : children)
        syscall(SYS_pidfd_send_signal, process.Get(), SIGKILL, nullptr, 0);
}

std::size_t ForeignCloser::Children() noexcept {
    std::erase_if(children, HasEnded);
    return children.size();
}

void ForeignCloser::Close(UniqueFd descriptor) noexcept {
    std::vector<UniqueFd> one;
    one.push_back(std::move(descriptor));
    Close(std::move(one));
}

void ForeignCloser::Close(std::vector<UniqueFd> descriptors) noexcept {
    for (UniqueFd &descriptor : descriptors) {
        const int fd = descriptor.Release();
        if (fd >= 0 && waiting.size() < MOST_WAITING)
            waiting.push_back(fd);
    }
    if (waiting.empty() || Children() >= MOST_CHILDREN)
        return;
    const pid_t caller = getpid();
    const pid_t pid = ForkWithDescriptors();
    if (pid < 0)
        return;
    if (pid == 0) {
        syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (syscall(SYS_getppid) == caller)
            for (const int fd : waiting)
                syscall(SYS_close, fd);
        syscall(SYS_exit_group, 0);
        __builtin_unreachable();
    }
    waiting.clear(); // the numbers are the child's
    children.emplace_back(AdoptTag(), static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (forked)
        forked(pid);
}

} // namespace sys
