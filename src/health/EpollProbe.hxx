#pragma once

#include "loop/TimerEvent.hxx"
#include "net/ListenerTable.hxx"
#include "pool/Agent.hxx"
#include "pool/PoolObserver.hxx"

#include <chrono>
#include <map>

namespace health {

/** Looks whether a worker that was handed listeners waits for them: whether an epoll descriptor of
 *  one of its processes holds a slot socket. It is pool::Facts::Listening() then. Looks soon after
 *  the start, then ever more seldom, until the worker is ready or gone; then nothing is left of it,
 *  no timer either. Workers that block in accept(2), or use poll(2), show nothing. */
class EpollProbe final : public pool::Agent, public pool::PoolObserver {
public:
    static constexpr std::chrono::milliseconds FIRST{20}, LONGEST{500};

    /** All are borrowed. */
    EpollProbe(loop::Loop &_loop, pool::Facts &_facts, net::ListenerTable &_table) noexcept
        : loop(_loop), facts(_facts), table(_table),
          timer(_loop, util::Bind<&EpollProbe::OnTimer>(*this)) {}

    void Started(const pool::WorkerRef &worker, spawn::Launched &launched) noexcept override;
    void Gone(const pool::WorkerRef &worker, pool::ExitStatus status) noexcept override;

    /** All are ready, so that there is nobody to look at. */
    void OnUp() noexcept override;

    /** Looks once, whether the worker is ready or not. */
    void Look(const pool::WorkerRef &worker) noexcept;

private:
    struct Young {
        pool::WorkerRef worker;
        loop::TimePoint due;
        std::chrono::milliseconds pause;
    };

    void OnTimer() noexcept;
    void Ring(loop::TimePoint at) noexcept;

    loop::Loop &loop;
    pool::Facts &facts;
    net::ListenerTable &table;
    std::map<unsigned, Young> young; // by id
    loop::TimerEvent timer;
    loop::TimePoint rings; // when the timer is pending
};

} // namespace health
