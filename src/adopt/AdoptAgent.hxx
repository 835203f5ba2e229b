#pragma once

#include "adopt/Adoptee.hxx"
#include "adopt/Tier.hxx"
#include "loop/TimerEvent.hxx"

#include <map>

namespace adopt {

/** Gives each worker the filter, and answers what it notifies. Borrows all that it is given. */
class AdoptAgent final : public pool::Agent {
public:
    /** `tier` is on; `unasked`: several workers and no listener was asked for, so that without adoption they
     *  get in each other's way. */
    AdoptAgent(loop::Loop &loop, report::Reporter &reporter, net::ListenerTable &table,
               pool::Facts &facts, const Spec &spec, unsigned slots, Tier _tier, bool _unasked);

    void Prepare(const pool::WorkerRef &worker, spawn::LaunchSpec &launch) override;
    void Started(const pool::WorkerRef &worker, spawn::Launched &launched) noexcept override;
    void Gone(const pool::WorkerRef &worker, pool::ExitStatus status) noexcept override;

private:
    void OnChange() noexcept;
    void OnLook() noexcept;
    void Close(net::Listener &listener) noexcept;
    void Complain(std::string_view sentence) noexcept;

    static constexpr std::chrono::milliseconds LOOK_DELAY{100};

    const Tier tier;
    const bool unasked;
    Adoption adoption;
    std::map<unsigned, Adoptee> adoptees; // by the worker's id
    loop::TimerEvent look; // whether a listener is held by nobody
    bool complained = false, refused = false; // the kernel did not take the filter
};

} // namespace adopt
