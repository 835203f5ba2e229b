#pragma once

#include "loop/DeferEvent.hxx"
#include "net/ListenerTable.hxx"
#include "pool/Agent.hxx"
#include "pool/Commands.hxx"
#include "pool/Companions.hxx"
#include "pool/PoolObserver.hxx"
#include "pool/ReadyRule.hxx"
#include "pool/RestartPolicy.hxx"
#include "pool/Slot.hxx"
#include "pool/StopLadder.hxx"
#include "pool/WorkerSpec.hxx"
#include "report/Reporter.hxx"
#include "sys/Cgroup.hxx"

#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

namespace pool {

struct PoolSpec {
    unsigned slots;
    bool serving; // at first; otherwise they are jobs, which run to their end
    RestartSpec restart; // where it serves
    bool kill_others_on_fail = false; // the first failure ends all
    StopSpec stop;
    std::shared_ptr<const WorkerSpec> worker;
    ReadySpec ready = {};
};

/** Why and how the cluster has ended, for the exit status. */
struct Outcome {
    enum class Kind {
        COMPLETED, // all have run to their end: jobs, or workers that are not replaced
        STOPPED, // somebody asked for it
        BOOT_FAILED, // a worker ended before one was ready
        GIVEN_UP, // every slot has failed
        ONE_FAILED, // a worker did, and that was to end the others
        LAUNCH_FAILED, // a worker could not be started
    } kind = Kind::COMPLETED;

    /** The first end that was not a success and counts: of a worker that is not replaced, in a stop, the boot
     *  failure, or the last one when all slots have failed. */
    std::optional<ExitStatus> failure;

    /** Counts before the other. */
    std::optional<spawn::LaunchFailure> launch_failure;
};

/** Decides when a worker starts and ends. Borrows all that it is given. `seed`: of the jitter. */
class Pool final : public Commands, public Facts, public Companions, private SlotOwner {
public:
    Pool(loop::Loop &loop, report::Reporter &reporter, net::ListenerTable &table,
         spawn::Launcher &launcher, const PoolSpec &spec, unsigned seed,
         util::BoundMethod<void()> on_finished);

    void Add(Agent &agent) { agents.push_back(&agent); }
    void Observe(PoolObserver &observer) { observers.push_back(&observer); }

    /** Where jobs become a serving cluster, by an adopted listener. */
    void OnServing(util::BoundMethod<void()> _on_serving) noexcept { on_serving = _on_serving; }

    /** Starts the first worker; the others follow one a turn of the loop. */
    void Start() noexcept;

    const Outcome &GetOutcome() const noexcept { return outcome; }

    /** Is the time for a stop over? It may come to that after `on_finished`, which is then called once more. */
    bool IsTimeOver() const noexcept { return ladder.IsOver(); }

    void Stop(const StopRequest &request) noexcept override;
    void Relay(int signo) noexcept override;
    bool IsServing() const noexcept override { return serving; }
    void Reap() noexcept override;
    void Ready(const WorkerRef &worker, Sign sign) noexcept override;
    void Listening(const WorkerRef &worker, const net::Endpoint &at,
                   bool adopted) noexcept override;
    bool IsComplete() const noexcept override { return ready_slots == slots.size(); }
    bool IsStarting(const WorkerRef &worker) const noexcept override;
    void Stopping(const WorkerRef &worker) noexcept override;
    void Extend(const WorkerRef &worker, std::chrono::milliseconds time) noexcept override;
    void Accompany(pid_t pid, util::BoundMethod<void(ExitStatus)> on_end) override {
        companions.emplace(pid, Companion{on_end, false});
    }
    void Await(pid_t pid, util::BoundMethod<void(ExitStatus)> on_end) override {
        companions.emplace(pid, Companion{on_end, true});
    }

private:
    struct Companion {
        util::BoundMethod<void(ExitStatus)> on_end;
        bool awaited;
    };

    void Perform(Slot &slot, Action action) noexcept override;

    // Starting
    void StartNext() noexcept;
    void Launch(Slot &slot) noexcept;
    void Forsake(const Slot &slot, std::size_t prepared) noexcept;
    void OnLaunchFailed(Slot &slot, const spawn::LaunchFailure &failure,
                        const std::string &message) noexcept;

    // Becoming ready
    void AwaitReady(Slot &slot) noexcept;
    void Activate(Slot &slot) noexcept;
    void Dismiss(Slot &slot) noexcept;
    Slot *Find(const WorkerRef &worker) noexcept;

    // Serving
    void BeginServing() noexcept;

    // Ending
    bool IsSuccess(const LastEnd &end) const noexcept;
    void OnEnded(Slot &slot, ExitStatus status, bool out_of_memory) noexcept;
    void EmitExit(const Slot &slot) noexcept;
    bool EndsAll(const LastEnd &end) noexcept;
    void Count(const LastEnd &end) noexcept;
    void Clear(Slot &slot) noexcept;
    void KillLeft(Slot &slot) noexcept;
    void Settle(Slot &slot) noexcept;
    void ScheduleNext(Slot &slot) noexcept;
    void FailSlot(Slot &slot) noexcept;
    void FinishSlot() noexcept;
    bool HasHope() const noexcept;
    void GiveUp() noexcept;
    void EndBecause(Outcome::Kind kind, const LastEnd &end, std::string_view stage,
                    std::string_view message, std::string_view reason) noexcept;

    // Stopping
    void OnStopSignal() noexcept;
    void OnStopKill() noexcept;
    void SendStopSignal(Slot &slot) noexcept;
    void FinishIfLast() noexcept;
    void OnStrayTimer() noexcept;

    bool IsWorker(pid_t pid) const noexcept { return by_pid.contains(pid); }
    bool IsKnown(pid_t pid) const noexcept { return IsWorker(pid) || companions.contains(pid); }
    void Send(const Slot &slot, int signo) noexcept;

    loop::Loop &loop;
    report::Reporter &reporter;
    net::ListenerTable &table;
    spawn::Launcher &launcher;
    const PoolSpec spec;
    const util::BoundMethod<void()> on_finished;
    std::vector<Agent *> agents;
    std::vector<PoolObserver *> observers;
    util::BoundMethod<void()> on_serving; // or nothing
    bool serving;

    sys::UniqueFd null_device; // opened for the first worker that needs it
    std::deque<Slot> slots;
    std::unordered_map<pid_t, Slot *> by_pid;
    std::unordered_map<pid_t, Companion> companions;
    unsigned last_id = 0;
    unsigned started_slots = 0; // slots that have had their first start
    unsigned ready_slots = 0;
    unsigned finished_slots = 0;
    std::optional<sys::OomKills> oom_kills; // since the first worker was started
    bool was_ready = false; // some worker was, once
    bool was_up = false;
    bool no_children = false; // as of the last Reap()
    bool workers_have_signal = false;

    ReadyRule ready;
    RestartPolicy restart;
    StopLadder ladder;
    loop::DeferEvent start_event;
    loop::TimerEvent stray_timer; // until what belongs to no slot is killed
    bool killing_strays = false;
    Outcome outcome;
};

/** What events tell of the listeners of a table. */
std::vector<report::ListenerInfo> DescribeListeners(const net::ListenerTable &table);

/** And of the sockets that a slot has for itself. */
std::vector<report::SocketInfo> DescribeSockets(const net::ListenerTable &table, unsigned slot);

} // namespace pool
