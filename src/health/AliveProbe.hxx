#pragma once

#include "loop/TimerEvent.hxx"
#include "pool/Agent.hxx"

#include <chrono>
#include <map>

namespace health {

/** The weakest sign of readiness: the worker is still alive after a while. */
class AliveProbe final : public pool::Agent {
public:
    /** `enough`: the while. The others are borrowed. */
    AliveProbe(loop::Loop &_loop, pool::Facts &_facts, std::chrono::milliseconds _enough) noexcept
        : loop(_loop), facts(_facts), enough(_enough),
          timer(_loop, util::Bind<&AliveProbe::OnTimer>(*this)) {}

    void Started(const pool::WorkerRef &worker, spawn::Launched &) noexcept override;
    void Gone(const pool::WorkerRef &worker, pool::ExitStatus status) noexcept override;

private:
    struct Young {
        pool::WorkerRef worker;
        loop::TimePoint due;
    };

    void OnTimer() noexcept;
    void Arm() noexcept;

    loop::Loop &loop;
    pool::Facts &facts;
    const std::chrono::milliseconds enough;
    std::map<unsigned, Young> young; // by id: the oldest first, for ids rise
    loop::TimerEvent timer;
};

} // namespace health
