#pragma once

#include "pool/Pool.hxx"
#include "pool/PoolObserver.hxx"
#include "spawn/Launcher.hxx"
#include "watch/Watcher.hxx"

#include <optional>
#include <string>

namespace launcher {

/** `--then`: the command that runs while the cluster is up, and whose end is that of the cluster. */
class ThenCommand final : public pool::PoolObserver {
public:
    /** All are borrowed. `command`: for `sh -c`. */
    ThenCommand(const std::string &_command, const pool::PoolSpec &_spec, pool::Pool &_pool,
                spawn::Launcher &_launcher, report::Reporter &_reporter,
                const net::ListenerTable &_table, watch::Watcher &_watcher) noexcept
        : command(_command), spec(_spec), pool(_pool), launcher(_launcher), reporter(_reporter),
          table(_table), watcher(_watcher) {}

    void OnUp() noexcept override;
    void OnStop(const pool::StopRequest &request) noexcept override;
    void OnStopKill() noexcept override;
    void OnAllGone() noexcept override;

    /** The exit status of the launcher, when all is over. */
    int Status() const noexcept;

private:
    spawn::LaunchSpec MakeLaunchSpec() const;
    void Send(int number) noexcept;
    void OnEnd(pool::ExitStatus status) noexcept;

    const std::string &command;
    const pool::PoolSpec &spec;
    pool::Pool &pool;
    spawn::Launcher &launcher;
    report::Reporter &reporter;
    const net::ListenerTable &table;
    watch::Watcher &watcher;

    pid_t pid = 0; // 0: not started yet, or reaped
    bool was_started = false;
    std::optional<pool::ExitStatus> ended;
    bool stopping = false;
    bool decided = false; // it ended before anything else asked the cluster to stop
    int signo = 0; // of the request to stop, where that was a signal
};

} // namespace launcher
