#pragma once

#include "loop/TimerEvent.hxx"
#include "net/ListenerTable.hxx"
#include "pool/Agent.hxx"
#include "pool/PoolObserver.hxx"

#include <chrono>
#include <map>

namespace pool {

/** Looks whether a worker that was handed listeners waits for them: whether an epoll descriptor of one of its
 *  processes holds a slot socket. It is Facts::Listening() then. Looks soon after the start, then ever more seldom,
 *  until the worker is ready or gone; then nothing is left of it, no timer either. Workers that block in
 *  accept(2), or use poll(2), show nothing. */
class EpollAgent final : public Agent, public PoolObserver {
public:
    static constexpr std::chrono::milliseconds FIRST{20}, LONGEST{500};

    /** All are borrowed. */
    EpollAgent(loop::Loop &_loop, Facts &_facts, net::ListenerTable &_table) noexcept
        : loop(_loop), facts(_facts), table(_table),
          timer(_loop, util::Bind<&EpollAgent::OnTimer>(*this)) {}

    void Started(const WorkerRef &worker, spawn::Launched &launched) noexcept override;
    void Gone(const WorkerRef &worker, ExitStatus status) noexcept override;

    /** All are ready, so that there is nobody to look at. */
    void OnUp() noexcept override;

    /** Looks once, whether the worker is ready or not. */
    void Look(const WorkerRef &worker) noexcept;

private:
    struct Young {
        WorkerRef worker;
        loop::TimePoint due;
        std::chrono::milliseconds pause;
    };

    void OnTimer() noexcept;
    void Ring(loop::TimePoint at) noexcept;

    loop::Loop &loop;
    Facts &facts;
    net::ListenerTable &table;
    std::map<unsigned, Young> young; // by id
    loop::TimerEvent timer;
    loop::TimePoint rings; // when the timer is pending
};

} // namespace pool
