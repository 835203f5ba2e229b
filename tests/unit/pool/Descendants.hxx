#pragma once

#include "harness/Wait.hxx"
#include "loop/Loop.hxx"
#include "pool/Leftovers.hxx"
#include "pool/Marks.hxx"
#include "pool/Orphans.hxx"
#include "pool/Reaper.hxx"
#include "sys/Proc.hxx"
#include "unit/FakeClock.hxx"
#include "unit/Forked.hxx"

#include <csignal>
#include <functional>
#include <poll.h>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

namespace unit {

/** Forks a process that runs a function and then waits for its end. */
inline pid_t Fork(const std::function<void()> &function = [] {}) {
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    (void)signal(SIGTERM, SIG_DFL); // doctest handles it
    function();
    for (;;)
        pause();
}

/** The pids that descendants have said, in their order. */
class Told {
public:
    void Say(pid_t pid) const { (void)!write(pipe.writer.Get(), &pid, sizeof pid); }
    pid_t Hear() const {
        pid_t pid = 0;
        return read(pipe.reader.Get(), &pid, sizeof pid) == sizeof pid ? pid : 0;
    }

private:
    Pipe pipe;
};

/** Has it ended? A zombie has. */
inline bool IsGone(pid_t pid) {
    const auto stat = sys::ReadProcessStat(pid);
    return !stat || stat->state == 'Z';
}

/** Leaves a child behind that waits, in a session of its own if that is asked for, as a daemon
 *  is. */
inline void Daemonize(
    const Told &told, bool own_session, const std::function<void()> &body = [] {}) {
    if (const pid_t between = fork(); between == 0) {
        const pid_t daemon = Fork([own_session, &body, &told] {
            if (own_session)
                setsid();
            body();
            told.Say(getpid());
        });
        _exit(daemon > 0 ? 0 : 1);
    } else {
        waitpid(between, nullptr, 0);
    }
}

/** A launcher with real children, in a process of its own (see InLauncher). */
struct Launcher {
    FakeClock clock;
    loop::Loop loop{clock};
    pool::Reaper reaper;
    loop::Errands errands{loop, util::BoundMethod<void(pid_t)>::Make<&Launcher::OnForked>(*this)};
    pool::Marks marks{errands, "the-run"};
    pool::Orphans orphans{loop, reaper, marks};
    unsigned last_id = 0;

    void OnForked(pid_t pid) noexcept { reaper.AddCompanion(sys::Process(pid), {}); }

    struct Worker {
        pool::WorkerRef ref;
        pool::ChildId child;
        bool has_ended = false;
        void OnEnd(pool::ExitStatus) noexcept { has_ended = true; }
    };

    void Start(
        Worker &worker, const std::function<void()> &body = [] {}) {
        worker.ref = {++last_id, 0, 1, Fork([&body] {
                          setpgid(0, 0);
                          body();
                      })};
        setpgid(worker.ref.pid, worker.ref.pid);
        worker.child = reaper.AddWorker(worker.ref, std::move(*sys::Process::Open(worker.ref.pid)),
                                        pool::Reaper::OnEnd::Make<&Worker::OnEnd>(worker));
    }

    /** Turns of the loop until the condition holds; false: it does not. */
    bool Until(const std::function<bool()> &condition) {
        return harness::WaitFor([&] {
            reaper.Reap();
            loop.Turn(loop::Loop::Wait::NO);
            return condition();
        });
    }

    bool End(Worker &worker) {
        reaper.Signal(worker.child, SIGKILL);
        return Until([&] { return worker.has_ended; });
    }
};

/** What a worker, or the cluster, has left behind is ended. */
struct Clearing {
    explicit Clearing(Launcher &launcher)
        : leftovers(launcher.loop, launcher.orphans, launcher.reaper,
                    util::Bind<&Clearing::OnDone>(*this)) {}

    void OnDone() noexcept { done = true; }

    bool done = false;
    pool::Leftovers leftovers;
};

/** Runs it in a process that adopts orphans, and kills all that is left below it. */
inline int InLauncher(const std::function<int()> &function) {
    return InFork([&function] {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        const int status = function();
        for (std::vector<pid_t> left; !(left = sys::DescendantsOf(getpid())).empty();) {
            for (const pid_t pid : left)
                kill(pid, SIGKILL);
            while (waitpid(-1, nullptr, WNOHANG) > 0) {
            }
            poll(nullptr, 0, 1);
        }
        return status;
    });
}

} // namespace unit
