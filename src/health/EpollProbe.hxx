#pragma once

#include "loop/Errands.hxx"
#include "loop/TimerEvent.hxx"
#include "net/ListenerTable.hxx"
#include "pool/Agent.hxx"
#include "pool/PoolObserver.hxx"

#include <chrono>
#include <map>
#include <string_view>

namespace health {

/** Looks whether a worker that was handed listeners waits for them: whether an epoll descriptor of
 *  one of its processes holds a socket of its seat. It is pool::Facts::Listening() then. Workers
 *  that block in accept(2), or use poll(2), show nothing.
 *
 *  It looks soon after the start, then less and less often, until the worker is ready or gone;
 *  then there is no timer any more. An errand looks at the descriptors, because a worker can have
 *  any number of them. It ends after MOST_TIME: what it has not seen by then is unknown. */
class EpollProbe final : public pool::Agent, public pool::PoolObserver {
public:
    static constexpr std::chrono::milliseconds FIRST{20}, LONGEST{500};
    static constexpr std::chrono::milliseconds MOST_TIME{200}, DEADLINE{1000};

    /** All are borrowed. */
    EpollProbe(loop::Loop &_loop, loop::Errands &_errands, pool::Facts &_facts,
               net::ListenerTable &_table) noexcept
        : loop(_loop), errands(_errands), facts(_facts), table(_table),
          timer(_loop, util::Bind<&EpollProbe::OnTimer>(*this)) {}
    ~EpollProbe() noexcept override;

    EpollProbe(const EpollProbe &) = delete;
    EpollProbe &operator=(const EpollProbe &) = delete;

    void Started(const pool::WorkerRef &worker, spawn::Launched &launched) noexcept override;
    void Gone(const pool::WorkerRef &worker, pool::ExitStatus status) noexcept override;

    /** All are ready, so that there is nobody to look at. */
    void OnUp() noexcept override;

    /** `complete`: all descriptors were looked at. */
    using Done = util::BoundMethod<void(bool complete)>;

    /** Looks once, whether the worker is ready or not. `done` is called once, later. */
    void Look(const pool::WorkerRef &worker, Done done = {}) noexcept;

    /** So many looks are under way. */
    std::size_t Looking() const noexcept { return looks.size(); }

private:
    struct Young {
        pool::WorkerRef worker;
        loop::TimePoint due;
        std::chrono::milliseconds pause;
    };

    struct Under {
        pool::WorkerRef worker;
        Done done;
    };

    void OnTimer() noexcept;
    bool IsLookedAt(const pool::WorkerRef &worker) const noexcept;
    void OnLooked(loop::Errands::Ticket ticket, const loop::Errands::Answer &answer) noexcept;
    void Tell(const pool::WorkerRef &worker, std::string_view bytes) noexcept;
    void Ring(loop::TimePoint at) noexcept;

    loop::Loop &loop;
    loop::Errands &errands;
    pool::Facts &facts;
    net::ListenerTable &table;
    std::map<unsigned, Young> young; // by id
    std::map<loop::Errands::Ticket, Under> looks;
    loop::TimerEvent timer;
    loop::TimePoint rings; // when the timer is pending
};

} // namespace health
