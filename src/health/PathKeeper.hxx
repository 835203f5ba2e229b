#pragma once

#include "loop/Errands.hxx"
#include "loop/FdEvent.hxx"
#include "loop/TimerEvent.hxx"
#include "net/ListenerTable.hxx"
#include "net/PathErrands.hxx"
#include "pool/Agent.hxx"
#include "pool/PoolObserver.hxx"
#include "report/Reporter.hxx"
#include "sys/FileWatch.hxx"

#include <map>

namespace health {

/** Puts the path of a unix socket back that a worker has removed while others serve it, as many
 *  programs remove it at their end. It looks when a worker has ended, and when the file loses a
 *  name (inotify), since a worker can go on for long after that. In between it waits for a moment:
 *  a program that takes the path over, or a worker that starts, removes the file and binds at once.
 *  In a stop it does not wait, so that each worker finds the file that it is about to remove.
 *
 *  The file system is that of the worker and may not answer, so errands do all of this. */
class PathKeeper final : public pool::Agent, public pool::PoolObserver {
public:
    static constexpr std::chrono::milliseconds MOMENT{50}, SETTLED{100};

    /** All are borrowed; the table tells it of each listener. */
    PathKeeper(loop::Loop &loop, loop::Errands &_errands, report::Reporter &_reporter,
               net::ListenerTable &_table);
    ~PathKeeper() noexcept override;

    void Gone(const pool::WorkerRef &worker, pool::ExitStatus status) noexcept override;
    void OnStop(const pool::StopRequest &request) noexcept override;

private:
    using Ticket = loop::Errands::Ticket;

    /** One path. */
    struct Kept {
        Ticket ticket = 0; // of the errand under way
        int watch = -1; // -1: none yet
        bool asked_to_watch = false;
        bool due = false; // it may have been removed while others serve it
        bool told = false;
    };

    void OnOpen() noexcept;
    void OnSettled() noexcept;
    void OnWatched(Ticket ticket, loop::Errands::Answer answer) noexcept;
    void OnChanged(std::uint32_t events) noexcept;
    void OnLook() noexcept;
    void OnRestored(Ticket ticket, loop::Errands::Answer answer) noexcept;
    void Watch(net::Listener &listener, Kept &kept) noexcept;
    void Tell(net::Listener &listener, Kept &kept, const net::RestoreResult &result) noexcept;
    void ForgetClosed() noexcept;
    net::Listener *Find(unsigned serial) noexcept;

    loop::Errands &errands;
    report::Reporter &reporter;
    net::ListenerTable &table;
    sys::FileWatch watches;
    std::map<unsigned, Kept> paths; // by the listener's serial number
    loop::FdEvent changed;
    loop::TimerEvent settled, look;
    bool stopping = false;
};

} // namespace health
