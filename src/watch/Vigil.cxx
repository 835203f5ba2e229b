#include "watch/Vigil.hxx"
#include "sys/CloseFrom.hxx"
#include "sys/Process.hxx"
#include "watch/Survivors.hxx"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace watch {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int LOOK_MILLISECONDS = 20;
constexpr std::chrono::seconds GIVE_UP{10}; // for a process in an uninterruptible sleep

/** Keeps the one descriptor, as number 0, and lets go of all else that the launcher was. */
void StandAlone(sys::Fd launcher_alive) noexcept {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    setsid();
    prctl(PR_SET_NAME, WATCHER_NAME); // cut to 15 characters
    dup2(launcher_alive.Get(), 0);
    sys::CloseFrom(1);
    // It holds no directory's file system busy; where this fails, it does.
    const bool moved = chdir("/") == 0;
    static_cast<void>(moved);
}

/** A process closes its descriptors before its children get another parent. */
void AwaitEndOf(pid_t launcher) noexcept {
    char nothing = 0;
    while (read(0, &nothing, 1) != 0 && errno == EINTR) {
    }
    while (getppid() == launcher)
        poll(nullptr, 0, 1);
}

bool IsWorker(const Charge &charge, pid_t pid) noexcept {
    return std::any_of(charge.workers.begin(), charge.workers.end(),
                       [pid](const Entry &worker) { return worker.pid == pid; });
}

/** Only the process that was found, not another one that has its number by now. */
void Signal(pid_t pid, std::uint64_t start, int signo) {
    if (const auto process = sys::Process::Open(pid, start))
        static_cast<void>(
            process->Signal(signo)); // without the right it stays, as what KILL misses
}

/** Ends what is left; false: not all of it could be ended. */
bool EndAll(const Charge &charge) {
    const auto began = Clock::now();
    const pid_t reaper = getppid();
    RunMarks marks(charge.run);
    Processes known, told;
    // The first round reads no environment: strangers' processes can make that take its time.
    for (bool first = true;; first = false) {
        known = FindSurvivors(charge, first ? nullptr : &marks, known, reaper);
        if (known.empty() && !first)
            return true;
        const auto waited = Clock::now() - began;
        if (waited > charge.patience + GIVE_UP)
            return false;
        for (const auto &[pid, start] : known) {
            if (waited >= charge.patience)
                Signal(pid, start, SIGKILL);
            else if ((!IsWorker(charge, pid) || waited >= charge.patience / 2) &&
                     told.emplace(pid, start).second)
                Signal(pid, start, SIGTERM);
        }
        if (!first)
            poll(nullptr, 0, LOOK_MILLISECONDS);
    }
}

} // namespace

void KeepVigil(sys::Fd launcher_alive, const Charge &charge) noexcept {
    StandAlone(launcher_alive);
    AwaitEndOf(charge.launcher);
    const bool ended = EndAll(charge);
    if (charge.last)
        charge.last();
    _exit(ended ? 0 : 1);
}

} // namespace watch
