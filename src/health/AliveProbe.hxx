#pragma once

#include "loop/TimerEvent.hxx"
#include "pool/Agent.hxx"

#include <chrono>
#include <deque>

namespace health {

/** The weakest sign of readiness: the worker is still alive after a while. */
class AliveProbe final : public pool::Agent {
public:
    /** `enough`: how long a worker must live. The others are borrowed. */
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
    std::deque<Young> young; // in the order of their times
    loop::TimerEvent timer;
};

} // namespace health
