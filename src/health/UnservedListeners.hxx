#pragma once

#include "health/EpollProbe.hxx"
#include "loop/FdEvent.hxx"
#include "loop/TimerEvent.hxx"
#include "pool/Agent.hxx"
#include "pool/PoolObserver.hxx"
#include "report/Reporter.hxx"

#include <deque>
#include <map>

namespace health {

/** Warns of stream listeners that were asked for and that no worker serves, once for each. A worker
 *  that blocks in accept(2) shows nothing, so there are two ways to know:
 *
 *  - PATIENCE has passed since the cluster was up, or since a worker was ready if some slots are
 *    not, and workers were seen to listen at an address of their own, but none at this one.
 *  - The first connection waits for PATIENCE, and none is taken in the meantime.
 *
 *  A listener that some worker has listened on, or whose first connection was taken, is watched no
 *  more, so that an idle launcher, and one whose workers serve, does not wake up. */
class UnservedListeners final : public pool::Agent, public pool::PoolObserver {
public:
    static constexpr std::chrono::milliseconds PATIENCE{3000}, LOOK{250};

    /** All are borrowed. */
    UnservedListeners(loop::Loop &_loop, report::Reporter &_reporter, net::ListenerTable &_table,
                      EpollProbe &_epoll) noexcept
        : loop(_loop), reporter(_reporter), table(_table), epoll(_epoll),
          settled(_loop, util::Bind<&UnservedListeners::OnSettled>(*this)) {}

    void Started(const pool::WorkerRef &worker, spawn::Launched &launched) noexcept override;
    void Gone(const pool::WorkerRef &worker, pool::ExitStatus status) noexcept override;

    /** A worker is ready: the others may never be, so nothing waits for them. */
    void OnReady() noexcept override;
    void OnUp() noexcept override;
    void OnStop(const pool::StopRequest &request) noexcept override;

private:
    /** One listener, until it is served or warned of. */
    class Watched {
    public:
        Watched(UnservedListeners &owner, const net::Listener &listener) noexcept;

        const net::Listener &GetListener() const noexcept { return listener; }

        /** Waits for its first connection. */
        void Begin() noexcept;
        void End() noexcept;

        /** Nothing of it is left to look at. */
        bool IsOver() const noexcept { return over; }

    private:
        void OnConnection(std::uint32_t) noexcept;
        void OnLook() noexcept;
        unsigned Waiting() const noexcept;

        UnservedListeners &owner;
        const net::Listener &listener;
        std::deque<loop::FdEvent> sockets;
        loop::TimerEvent timer;
        loop::TimePoint since; // when the connection came
        unsigned waiting = 0; // as of the last look
        bool over = false;
    };

    void Settle() noexcept;
    void OnSettled() noexcept;
    void OnLooked(bool complete) noexcept;
    void Decide() noexcept;
    bool IsServed(const net::Listener &listener) const noexcept;
    std::string DescribeServed() const;

    loop::Loop &loop;
    report::Reporter &reporter;
    net::ListenerTable &table;
    EpollProbe &epoll;
    std::map<unsigned, pool::WorkerRef> workers; // by id
    std::deque<Watched> watched; // since a worker was ready
    loop::TimerEvent settled; // workers have had time to listen
    std::size_t looks = 0; // at workers, under way then
    bool all_seen = true; // else nothing is known
    bool begun = false; // a worker was ready
};

} // namespace health
