#pragma once

#include "loop/TimerEvent.hxx"
#include "pool/Agent.hxx"

#include <chrono>
#include <map>

namespace pool {

/** The weakest sign of readiness: the worker is still alive after a while. */
class AliveAgent final : public Agent {
public:
    /** `enough`: the while. The others are borrowed. */
    AliveAgent(loop::Loop &_loop, Facts &_facts, std::chrono::milliseconds _enough) noexcept
        : loop(_loop), facts(_facts), enough(_enough),
          timer(_loop, util::Bind<&AliveAgent::OnTimer>(*this)) {}

    void Started(const WorkerRef &worker, spawn::Launched &) noexcept override;
    void Gone(const WorkerRef &worker, ExitStatus status) noexcept override;

private:
    struct Young {
        WorkerRef worker;
        loop::TimePoint due;
    };

    void OnTimer() noexcept;
    void Arm() noexcept;

    loop::Loop &loop;
    Facts &facts;
    const std::chrono::milliseconds enough;
    std::map<unsigned, Young> young; // by id: the oldest first, for ids rise
    loop::TimerEvent timer;
};

} // namespace pool
