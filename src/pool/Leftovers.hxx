#pragma once

#include "loop/DeferEvent.hxx"
#include "loop/TimerEvent.hxx"
#include "pool/GroupSignal.hxx"
#include "pool/KillTree.hxx"
#include "pool/Orphans.hxx"

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace pool {

/** Ends what one worker left behind, or at the end of the cluster what all have left.
 *
 *  How it is known whose an orphan is. When a process ends, its children become those of the
 *  launcher, which is a subreaper or PID 1. The kernel does not say whose they were, and it does
 *  not say when, so each orphan is judged once, when a search sees it first (Orphans), by what is
 *  known then (Attribution.hxx), the strongest evidence first:
 *    1. Descent: it was a descendant of a worker that was replaced, dismissed or one too many
 *       (Orphans::Remember), or of an inherited child at any search.
 *    2. Numbers: its process group or session is that of a worker, a companion or an inherited
 *       child. The number of one that was reaped counts for processes that began before the last
 *       time at which it or one of its leftovers was seen with it; afterwards it may be somebody
 *       else's.
 *    3. Marks: its environment has the CLUSTERIZE_RUN of this run and the id of a worker.
 *    4. Elimination: nobody else can have left it. All other workers, commands and inherited
 *       children that there are, or were since the last search, are younger than it is.
 *  So a daemon with a clean environment and a session of its own (sudo, ssh-agent, `env -i
 *  setsid`) is not taken for that of a worker only because that one has ended. It belongs to
 *  nobody until the cluster ends, and ends then. INHERITED children and theirs are left alone for
 *  ever. PID 1 gets the orphans of strangers as well (docker exec): what belongs to nobody is left
 *  alone there.
 *
 *  Each leftover gets the stop signal once. After Kill() it and its descendants get KILL. What
 *  becomes an orphan when another one ends is found by the next search. */
class Leftovers final : private Orphans::Seeker {
public:
    /** Between the stop signal and Kill(), unless a stop gives more time. */
    static constexpr std::chrono::seconds PATIENCE{1};

    /** How long they may outlive KILL before they are given up. */
    static constexpr std::chrono::seconds STUCK_AFTER{10};

    /** All are borrowed. `on_done`: nothing is left; called from the loop, at most once a
     *  Begin(). */
    Leftovers(loop::Loop &loop, Orphans &_orphans, Reaper &_reaper,
              util::BoundMethod<void()> _on_done);
    ~Leftovers() noexcept override;

    /** The worker has ended: asks what it has left to end, by this signal; 0: each by that of its
     *  program. `told`: by a signal that its group got they have been asked. Call it in the handler
     *  of its end, for every worker. True: it has left nothing, and `on_done` is not called. */
    bool Begin(const WorkerRef &worker, int signo, const std::optional<GroupSignal> &told = {});

    /** The cluster has ended, no worker is left: the same for all leftovers and those of nobody. */
    bool BeginAll(int signo);

    /** Sends KILL from now on. It may be called before Begin(). */
    void Kill() noexcept;

    /** Stops the search; `on_done` is not called. */
    void Cancel() noexcept;

    bool IsActive() const noexcept { return active; }

    /** Kill() was called. */
    bool AreKilled() const noexcept { return killing; }

    /** Some did not end within STUCK_AFTER, and were given up: they hang in the kernel, or another
     *  process traces them. */
    bool AreStuck() const noexcept { return stuck; }

    /** The names of the first few that were asked to end. */
    const std::vector<std::string> &Names() const noexcept { return names; }

private:
    bool Start(int _signo);
    bool IsMine(const Owner &owner) const noexcept;
    void OnSearched(bool complete) noexcept override;
    void End(Reaper::Leftover &leftover);
    void OnKill() noexcept;
    void OnStuck() noexcept;
    void Finish() noexcept;

    Orphans &orphans;
    Reaper &reaper;
    const util::BoundMethod<void()> on_done;
    loop::DeferEvent kill_event;
    loop::TimerEvent stuck_timer;
    std::deque<KillTree> trees;
    std::vector<std::string> names;

    /** Empty: all. */
    std::optional<unsigned> worker;
    int signo = 0;
    std::optional<GroupSignal> told;
    bool active = false, killing = false, stuck = false;
};

} // namespace pool
