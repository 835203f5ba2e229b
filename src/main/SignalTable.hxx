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
    /** Has the launcher's whole process group got this signal, which a process has sent? */
    using GroupHas = util::BoundMethod<bool(int)>;

    /** `loop`, `commands` and `clock` are borrowed. `has_terminal`: what the kernel sends is the
     *  terminal's, and the whole foreground group has got it. `group_has`: workers share the
     *  launcher's process group; else nothing. */
    SignalTable(loop::Loop &loop, pool::Commands &_commands, loop::MonotonicClock &_clock,
                bool _has_terminal, GroupHas _group_has = {}) noexcept
        : commands(_commands), clock(_clock), has_terminal(_has_terminal), group_has(_group_has),
          hang_up_timer(loop, util::Bind<&SignalTable::OnHangUpTimer>(*this)),
          group_timer(loop, util::Bind<&SignalTable::OnGroupTimer>(*this)) {}

    /** What the launcher takes in: all of the table but those that it was started to ignore. */
    static sigset_t Signals() noexcept;

    /** The first effect of USR1. Then it is relayed to workers that handle it. */
    void OnReopen(util::BoundMethod<void()> _on_reopen) noexcept { on_reopen = _on_reopen; }

    /** Signals first, deaths after them: a worker that dies of a signal that asked for a stop is
     *  not taken for a crash. */
    void OnSignals(const std::vector<signalfd_siginfo> &signals) noexcept;

    /** The signal of the terminal that ended the cluster; 0: none did. */
    int EndedBy() const noexcept { return ended_by; }

private:
    void OnSignal(const signalfd_siginfo &signal) noexcept;
    void AskToStop(const signalfd_siginfo &signal, pool::StopRequest::Kind kind,
                   bool from_terminal) noexcept;
    void Stop(int signo, pool::StopRequest::Kind kind, bool workers_have_it) noexcept;
    void OnGroupTimer() noexcept;
    bool HasGroup(int signo) const noexcept { return group_has && group_has(signo); }
    void Relay(int signo) noexcept { commands.Relay({signo, HasGroup(signo)}); }
    void OnHangUp(bool from_terminal) noexcept;
    void OnHangUpTimer() noexcept;
    void Suspend(bool from_terminal) noexcept;
    void Resume() noexcept;

    pool::Commands &commands;
    loop::MonotonicClock &clock;
    const bool has_terminal;
    const GroupHas group_has;
    util::BoundMethod<void()> on_reopen;
    loop::TimerEvent hang_up_timer; // until it is known what a HUP of a process meant
    loop::TimerEvent group_timer; // until it is known who has got the signal of a stop
    pool::StopRequest asked{}; // by that signal
    bool stopping = false;
    int ended_by = 0;
};

} // namespace launcher
