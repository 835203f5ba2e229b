#pragma once

#include "pool/Facts.hxx"
#include "pool/ReadyRule.hxx"
#include "pool/SlotSet.hxx"

namespace pool {

/** Receives facts, finds their workers, and decides with the rule of --ready which of them make a
 *  worker ready. It also knows whether the cluster serves or runs jobs: a worker that listens on an
 *  adopted TCP port shows that it serves, and so do two that listen on one adopted unix socket. */
class Readiness final : public Facts {
public:
    /** `slots` is borrowed. `on_served`: jobs have become a serving cluster. */
    Readiness(const SlotSet &_slots, const ReadySpec &spec, bool _serving,
              util::BoundMethod<void()> _on_served) noexcept
        : slots(_slots), rule(spec), on_served(_on_served), serving(_serving) {}

    bool IsServing() const noexcept { return serving; }

    /** Nothing begins to serve any more: the cluster stops. */
    void OnStop() noexcept { stopping = true; }

    /** Its command executes. */
    void OnOnline(Worker &worker);

    /** Jobs have become a serving cluster: the same for all that have started before. */
    void BeginForAll();

    void Ready(const WorkerRef &ref, Sign sign) noexcept override;
    int Listening(const WorkerRef &ref, net::Listener &listener, How how) noexcept override;
    void ListeningAlone(const WorkerRef &ref, const net::Endpoint &at) noexcept override;
    bool IsComplete() const noexcept override { return slots.AreReady(); }
    bool IsStarting(const WorkerRef &ref) const noexcept override;
    void Stopping(const WorkerRef &ref) noexcept override;
    void Extend(const WorkerRef &ref, std::chrono::milliseconds time) noexcept override;

private:
    const SlotSet &slots;
    ReadyRule rule;
    const util::BoundMethod<void()> on_served;
    bool serving, stopping = false;
};

} // namespace pool
