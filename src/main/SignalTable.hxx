#pragma once

#include "loop/Clock.hxx"
#include "loop/TimerEvent.hxx"
#include "pool/Commands.hxx"
#include "util/BoundMethod.hxx"

#include <csignal>
#include <sys/signalfd.h>
#include <vector>

namespace launcher {

/** What the launcher does with each signal, over pool::Commands. */
class SignalTable {
public:
    /** `loop`, `commands` and `clock` are borrowed. `has_terminal`: the workers are in the
     *  launcher's process group, so what the terminal sends has reached them as well. */
    SignalTable(loop::Loop &loop, pool::Commands &_commands, loop::MonotonicClock &_clock,
                bool _has_terminal) noexcept
        : commands(_commands), clock(_clock), has_terminal(_has_terminal),
          hang_up_timer(loop, util::Bind<&SignalTable::OnHangUpTimer>(*this)) {}

    /** What the launcher takes in: all of the table but those that it was started to ignore. */
    static sigset_t Signals() noexcept;

    /** What USR1 does beside being relayed. */
    void OnReopen(util::BoundMethod<void()> _on_reopen) noexcept { on_reopen = _on_reopen; }

    /** Signals first, deaths after them: a worker that dies of a signal that asked for a stop is
     *  not taken for a crash. */
    void OnSignals(const std::vector<signalfd_siginfo> &signals) noexcept;

    /** The signal of the terminal that ended the cluster; 0: none did. */
    int EndedBy() const noexcept { return ended_by; }

private:
    void OnSignal(const signalfd_siginfo &signal) noexcept;
    void Stop(int signo, pool::StopRequest::Kind kind, bool from_terminal) noexcept;
    void OnHangUp(bool from_terminal) noexcept;
    void OnHangUpTimer() noexcept;
    void Suspend(bool from_terminal) noexcept;
    void Resume() noexcept;

    pool::Commands &commands;
    loop::MonotonicClock &clock;
    const bool has_terminal;
    util::BoundMethod<void()> on_reopen;
    loop::TimerEvent hang_up_timer; // until it is known what a HUP of a process meant
    bool stopping = false;
    int ended_by = 0;
};

} // namespace launcher
