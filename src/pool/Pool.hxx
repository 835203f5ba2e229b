#pragma once

#include "loop/DeferEvent.hxx"
#include "pool/Background.hxx"
#include "pool/Commands.hxx"
#include "pool/PoolObserver.hxx"
#include "pool/PoolSpec.hxx"
#include "pool/Readiness.hxx"
#include "pool/Starter.hxx"
#include "pool/Verdict.hxx"
#include "pool/WorkerFactory.hxx"

#include <vector>

namespace pool {

/** The cluster as a set of slots: starts them, changes their number, stops them all, and knows when
 *  all are up and when nothing is left. What happens to a worker is decided by its slot; which end
 *  decides the exit status, by the verdict. */
class Pool final : public Commands, private SlotOwner, private ReapObserver {
public:
    /** Borrows all that it is given. `seed`: of the jitter. `on_finished` is called when nothing is
     *  left of the cluster, and once more when the time for a stop is over after that. */
    Pool(loop::Loop &loop, report::Reporter &reporter, net::ListenerTable &table, Reaper &reaper,
         Orphans &orphans, spawn::Launcher &launcher, const PoolSpec &spec, unsigned seed,
         util::BoundMethod<void()> on_finished);
    ~Pool() noexcept override { reaper.Ignore(*this); }

    void Add(Agent &agent) { agents.Add(agent); }
    void Observe(PoolObserver &observer) { observers.push_back(&observer); }

    /** Called when jobs become a serving cluster. */
    void OnServing(util::BoundMethod<void()> _on_serving) noexcept { on_serving = _on_serving; }

    /** Where agents and probes tell what they see. */
    Facts &GetFacts() noexcept { return readiness; }

    /** Starts the first worker; the others follow, one a turn of the loop. */
    void Start() noexcept;

    const Outcome &GetOutcome() const noexcept { return verdict.GetOutcome(); }

    /** Is the time for a stop over? */
    bool IsTimeOver() const noexcept { return ladder.IsOver(); }

    void Stop(const StopRequest &asked) noexcept override;
    void Relay(const RelayRequest &request) noexcept override;
    bool IsServing() const noexcept override { return readiness.IsServing(); }
    void Reap() noexcept override { reaper.Reap(); }
    void Scale(unsigned wanted) noexcept override;
    void Replace(unsigned slot, Replaced done) noexcept override;

private:
    bool Replaces(const WorkerEnd &end) const noexcept override;
    void OnOnline(Worker &worker) noexcept override { readiness.OnOnline(worker); }
    void OnReady(Worker &worker) noexcept override;
    void OnEnded(const Slot &slot, const WorkerEnd &end) noexcept override;
    void OnCleared(const Worker &worker) noexcept override;
    bool OnFailed() noexcept override;
    void OnFinished() noexcept override;
    void OnReaped(const ReapResult &result) noexcept override;
    void OnDelivered(const ReapResult &result) noexcept override;

    void OnServed() noexcept;
    void LookWhetherUp() noexcept;
    void EndBecause(const Ending &ending) noexcept;
    void OnStopKill() noexcept;
    void FinishIfLast() noexcept;
    void OnNothingLeft() noexcept;

    report::Reporter &reporter;
    net::ListenerTable &table;
    Reaper &reaper;
    const PoolSpec spec;
    const util::BoundMethod<void()> on_finished;
    Agents agents;
    std::vector<PoolObserver *> observers;
    util::BoundMethod<void()> on_serving; // or nothing
    bool was_up = false;
    bool half_was_said = false; // some slots serve, the others have failed
    OomCheck oom;
    TriggerQueue triggers;
    RestartPolicy restart;
    Verdict verdict;
    Background background;
    loop::DeferEvent start_event;
    Starter starter;
    WorkerFactory factory;
    StopLadder ladder; // of the whole cluster
    const Context context;
    SlotSet slots;
    Readiness readiness;
    Leftovers strays; // processes that belong to no worker, when all workers are gone
    loop::TimerEvent stray_timer;
    bool finished = false;
};

} // namespace pool
