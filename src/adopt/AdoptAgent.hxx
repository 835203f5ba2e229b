#pragma once

#include "adopt/Adoptee.hxx"
#include "adopt/ClosedSockets.hxx"
#include "adopt/ListenerClosing.hxx"
#include "adopt/Tier.hxx"
#include "pool/PoolObserver.hxx"

#include <map>

namespace adopt {

/** Gives each worker the filter, and answers what it notifies. Borrows all that it is given. */
class AdoptAgent final : public pool::Agent, public pool::PoolObserver {
public:
    /** `tier` is on; `unasked`: several workers and no listener was asked for, so that without
     *  adoption they get in each other's way. */
    AdoptAgent(loop::Loop &loop, loop::Errands &errands, report::Reporter &reporter,
               net::ListenerTable &table, pool::Facts &facts, const Spec &spec, unsigned slots,
               Tier _tier, bool _unasked);

    void OnScale(unsigned workers) noexcept override { adoption.Resize(workers); }

    void OnUp() noexcept override { adoption.OnUp(); }
    void OnStop(const pool::StopRequest &request) noexcept override;

    void Prepare(const pool::WorkerRef &worker, spawn::LaunchSpec &launch) override;
    void NotStarted(const pool::WorkerRef &worker) noexcept override { uids.erase(worker.id); }
    void Started(const pool::WorkerRef &worker, spawn::Launched &launched) noexcept override;
    void Gone(const pool::WorkerRef &worker, pool::ExitStatus status) noexcept override;
    void Cleared(const pool::WorkerRef &worker) noexcept override;

private:
    void OnChange() noexcept { closing.Changed(); }
    void Close(net::Listener &listener) noexcept;
    void OnListens(const pool::WorkerRef &worker, net::Listener &listener,
                   const Handed &handed) noexcept {
        closed.Watch(worker, listener, handed);
    }
    void Complain(std::string_view sentence) noexcept;

    const Tier tier;
    const bool unasked;
    Adoption adoption;
    ListenerClosing closing;
    ClosedSockets closed;
    LastClients last_clients;
    loop::DeferEvent close_last; // of the sockets of closed listeners
    std::map<unsigned, uid_t> uids; // by the worker's id: whom it is started as
    std::map<unsigned, Adoptee> adoptees; // by the worker's id
    bool complained = false, refused = false; // the kernel did not take the filter
};

} // namespace adopt
