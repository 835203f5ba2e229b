#pragma once

#include "pool/Pool.hxx"
#include "pool/PoolObserver.hxx"
#include "pool/Reaper.hxx"
#include "spawn/Start.hxx"
#include "watch/Watcher.hxx"

#include <memory>
#include <optional>
#include <string>

namespace launcher {

/** `--then`: the command that runs while the cluster is up, and whose end is that of the cluster. */
class ThenCommand final : public pool::PoolObserver {
public:
    /** All are borrowed. `command`: for `sh -c`. */
    ThenCommand(const std::string &_command, const pool::PoolSpec &_spec, loop::Loop &_loop,
                pool::Pool &_pool, pool::Reaper &_reaper, spawn::Launcher &_launcher,
                report::Reporter &_reporter, const net::ListenerTable &_table,
                watch::Watcher &_watcher, bool _own_group) noexcept
        : command(_command), spec(_spec), loop(_loop), pool(_pool), reaper(_reaper),
          launcher(_launcher), reporter(_reporter), table(_table), watcher(_watcher),
          own_group(_own_group) {}

    void OnUp() noexcept override;
    void OnStop(const pool::StopRequest &request) noexcept override;
    void OnStopKill() noexcept override;
    void OnAllGone() noexcept override;
    bool HoldsUp() const noexcept override { return running; }

    /** The exit status of the launcher, when all is over. */
    int Status() const noexcept;

private:
    spawn::LaunchSpec MakeLaunchSpec() const;
    void OnSettled() noexcept;
    void Fail(const spawn::LaunchFailure &why, const std::string &message) noexcept;
    void Send(int number) noexcept;
    void OnEnd(pool::ExitStatus status) noexcept;

    const std::string &command;
    const pool::PoolSpec &spec;
    loop::Loop &loop;
    pool::Pool &pool;
    pool::Reaper &reaper;
    spawn::Launcher &launcher;
    report::Reporter &reporter;
    const net::ListenerTable &table;
    watch::Watcher &watcher;
    const bool own_group;

    std::unique_ptr<spawn::Start> start;
    pool::ChildId child;
    bool running = false; // it has a process that was not reaped
    bool was_started = false; // it was executed
    std::optional<spawn::LaunchFailure> failure; // it could not be
    std::optional<pool::ExitStatus> ended;
    bool stopping = false;
    bool decided = false; // it ended before anything else asked the cluster to stop
    int signo = 0; // of the request to stop, where that was a signal
};

} // namespace launcher
