#pragma once

#include "loop/TimerEvent.hxx"
#include "pool/Agent.hxx"
#include "pool/Reaper.hxx"
#include "report/Reporter.hxx"
#include "sys/UniqueFd.hxx"
#include "watch/Charge.hxx"

#include <map>
#include <string>

namespace watch {

struct WatchSpec {
    std::string run; // CLUSTERIZE_RUN
    bool own_groups; // see Charge
    std::chrono::milliseconds patience; // --stop-timeout

    /** Removes files, when nothing is left of the cluster of a killed launcher; in the watcher's
     *  process, with the memory that the launcher had when it forked. */
    util::BoundMethod<void()> last = {};
};

/** Keeps a process that outlives the launcher if that is killed with KILL, and then ends what is
 *  left of the cluster. The process is forked when a worker has lived for WORTH_WATCHING, so that
 *  short jobs do not pay for it, and ended by the destructor. PID 1 needs none: the kernel ends its
 *  whole namespace with it.
 *
 *  The process knows each worker from the fork until nothing is left of the worker, leftovers
 *  included. Later the number of its process group may be that of a stranger's. */
class Watcher final : public pool::Agent {
public:
    static constexpr std::chrono::milliseconds WORTH_WATCHING{100};

    /** All are borrowed but the spec. */
    Watcher(loop::Loop &loop, report::Reporter &_reporter, pool::Reaper &_reaper, WatchSpec _spec);
    ~Watcher() noexcept override;

    void Forked(const pool::WorkerRef &worker) noexcept override;
    void Cleared(const pool::WorkerRef &worker) noexcept override;

    /** A companion that must be ended as the workers are. There is one at most. */
    void Watch(pid_t companion) noexcept { Set(COMPANION, companion); }
    void Unwatch() noexcept { Clear(COMPANION); }

private:
    static constexpr std::size_t COMPANION = MOST_ENTRIES - 1;

    void Set(std::size_t place, pid_t process) noexcept;
    void Clear(std::size_t place) noexcept;
    void Begin() noexcept;
    void OnEnd(pool::ExitStatus status) noexcept;
    bool Share() noexcept;
    void Fail(std::string_view what, int error) noexcept;

    report::Reporter &reporter;
    pool::Reaper &reaper;
    const WatchSpec spec;
    const pid_t launcher;
    const std::uint64_t began;
    loop::TimerEvent timer;
    std::map<std::size_t, pid_t> processes; // by place: the seat of a worker, or COMPANION
    std::span<Entry> shared; // the same for the watcher, mapped when there is one
    sys::UniqueFd alive; // the watcher waits for its end
    pid_t pid = 0;
    bool failed = false; // said once
};

} // namespace watch
