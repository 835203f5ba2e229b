#pragma once

#include "loop/TimerEvent.hxx"
#include "pool/Agent.hxx"
#include "pool/Reaper.hxx"
#include "report/Reporter.hxx"
#include "sys/UniqueFd.hxx"
#include "watch/Charge.hxx"

#include <string>
#include <vector>

namespace watch {

struct WatchSpec {
    std::string run; // CLUSTERIZE_RUN
    unsigned slots;
    bool own_groups; // see Charge
    std::chrono::milliseconds patience; // --stop-timeout
};

/** Keeps a process that outlives the launcher where that is killed with KILL, and then ends what is left of
 *  the cluster. It is forked when a worker has lived for a moment, so that short jobs do not pay for it, and ended by
 *  the destructor. PID 1 needs none: the kernel ends its whole namespace with it. */
class Watcher final : public pool::Agent {
public:
    static constexpr std::chrono::milliseconds WORTH_WATCHING{100};

    /** All are borrowed but the spec. */
    Watcher(loop::Loop &loop, report::Reporter &_reporter, pool::Reaper &_reaper, WatchSpec _spec);
    ~Watcher() noexcept override;

    void Forked(const pool::WorkerRef &worker) noexcept override;
    void NotStarted(const pool::WorkerRef &worker) noexcept override;
    void Gone(const pool::WorkerRef &worker, pool::ExitStatus status) noexcept override;

    /** A companion that is to be ended as the workers are; there is one at most. */
    void Watch(pid_t companion) noexcept { Tell(spec.slots, companion); }

private:
    void Tell(unsigned place, pid_t process) noexcept;
    void Begin() noexcept;
    void OnEnd(pool::ExitStatus status) noexcept;
    bool Share() noexcept;
    void Fail(std::string_view what, int error) noexcept;

    report::Reporter &reporter;
    pool::Reaper &reaper;
    const WatchSpec spec;
    const pid_t launcher;
    loop::TimerEvent timer;
    std::vector<pid_t> processes; // the worker of each slot, then the companion; 0: none
    std::span<Entry> shared; // the same for the watcher's eyes, mapped when there is one
    sys::UniqueFd alive; // the watcher waits for its end
    pid_t pid = 0;
    bool failed = false; // said once
};

} // namespace watch
