#include "main/SignalTable.hxx"
#include "sys/SignalFd.hxx"
#include "sys/Terminal.hxx"

#include <algorithm>
#include <array>
#include <unistd.h>

namespace launcher {

namespace {

constexpr std::chrono::milliseconds LAST_WORDS{200};
// GNU timeout(1) signals its child first, and then the process group: at once, unless the machine
// is busy.
constexpr std::chrono::milliseconds AND_THE_GROUP{100}, OF_ITS_LEADER{500};

/** Does it lead the launcher's group as its parent, as timeout(1) does? */
bool IsLeadingParent(pid_t pid) noexcept {
    return pid == getppid() && pid == getpgrp();
}

enum class Reaction : std::uint8_t {
    STOP, // graceful stop; once more a second later: kill
    QUICK, // stop without delay
    HANG_UP, // stop where the terminal has gone and for jobs; else relay
    RELAY, // to every worker, once
    REOPEN, // files that were renamed are opened anew; then relay
    SUSPEND, // stop the workers' execution, then the launcher's
    RESUME,
    SCALE, // from the terminal job control; nothing yet where a process sent it
    REAP,
    DROP, // of the launcher's own writing: to a closed pipe, to a file that is full
};

struct SignalRow {
    int signo;
    Reaction reaction;
};

// Not here: KILL and STOP, which cannot be taken in, and the signals of a launcher that is broken
// or out of CPU time (SEGV, BUS, ILL, FPE, TRAP, ABRT, SYS, XCPU), which have their default effect.
constexpr std::array<SignalRow, 22> SIGNALS = {{
    {SIGHUP, Reaction::HANG_UP},  {SIGINT, Reaction::STOP},    {SIGQUIT, Reaction::QUICK},
    {SIGUSR1, Reaction::REOPEN},  {SIGUSR2, Reaction::RELAY},  {SIGPIPE, Reaction::DROP},
    {SIGALRM, Reaction::RELAY},   {SIGTERM, Reaction::STOP},   {SIGSTKFLT, Reaction::RELAY},
    {SIGCHLD, Reaction::REAP},    {SIGCONT, Reaction::RESUME}, {SIGTSTP, Reaction::SUSPEND},
    {SIGTTIN, Reaction::SCALE},   {SIGTTOU, Reaction::SCALE},  {SIGURG, Reaction::RELAY},
    {SIGVTALRM, Reaction::RELAY}, {SIGPROF, Reaction::RELAY},  {SIGWINCH, Reaction::RELAY},
    {SIGIO, Reaction::RELAY},     {SIGPWR, Reaction::RELAY},   {SIGXFSZ, Reaction::DROP},
    {0, Reaction::RELAY}, // the real-time signals
}};

Reaction FindReaction(int signo) noexcept {
    const auto row =
        std::find_if(SIGNALS.begin(), SIGNALS.end() - 1,
                     [signo](const SignalRow &candidate) { return candidate.signo == signo; });
    return row->reaction;
}

} // namespace

sigset_t SignalTable::Signals() noexcept {
    sigset_t set;
    sigemptyset(&set);
    const auto add = [&set](int signo) {
        if (!sys::IsIgnored(signo))
            sigaddset(&set, signo);
    };
    for (const SignalRow &row : SIGNALS)
        if (row.signo != 0)
            add(row.signo);
    for (int signo = SIGRTMIN; signo <= SIGRTMAX; signo++)
        sigaddset(&set, signo);
    // Ignored, the kernel would reap the workers itself.
    signal(SIGCHLD, SIG_DFL);
    sigaddset(&set, SIGCHLD);
    return set;
}

void SignalTable::OnSignals(const std::vector<signalfd_siginfo> &signals) noexcept {
    bool reap = false;
    for (const signalfd_siginfo &signal : signals)
        if (signal.ssi_signo == SIGCHLD)
            reap = true;
        else
            OnSignal(signal);
    if (reap)
        commands.Reap();
}

void SignalTable::OnSignal(const signalfd_siginfo &signal) noexcept {
    const int signo = static_cast<int>(signal.ssi_signo);
    // The kernel's own are the terminal's: it has sent them to the whole foreground group.
    const bool from_terminal = has_terminal && signal.ssi_code == SI_KERNEL;
    switch (FindReaction(signo)) {
    case Reaction::STOP:
        return AskToStop(signal, pool::StopRequest::Kind::GRACEFUL, from_terminal);
    case Reaction::QUICK:
        return AskToStop(signal, pool::StopRequest::Kind::QUICK, from_terminal);
    case Reaction::HANG_UP:
        return OnHangUp(from_terminal);
    case Reaction::REOPEN:
        if (!on_reopen)
            return Relay(signo);
        on_reopen();
        return commands.Relay({signo, HasGroup(signo), true});
    case Reaction::RELAY:
        if (signo != SIGWINCH || !from_terminal)
            Relay(signo);
        return;
    case Reaction::SUSPEND:
        return Suspend(from_terminal);
    case Reaction::RESUME:
        return Resume();
    case Reaction::SCALE:
        if (from_terminal)
            Suspend(true);
        return;
    case Reaction::REAP:
    case Reaction::DROP:
        return;
    }
}

void SignalTable::AskToStop(const signalfd_siginfo &signal, pool::StopRequest::Kind kind,
                            bool from_terminal) noexcept {
    const int signo = static_cast<int>(signal.ssi_signo);
    if (!stopping && from_terminal)
        ended_by = signo;
    const bool workers_have_it = from_terminal || HasGroup(signo);
    if (workers_have_it || stopping || !group_has)
        return Stop(signo, kind, workers_have_it);
    if (!group_timer.IsPending()) {
        asked = {kind, "signal", signo};
        const bool from_leader = IsLeadingParent(static_cast<pid_t>(signal.ssi_pid));
        group_timer.Schedule(from_leader ? OF_ITS_LEADER : AND_THE_GROUP);
    } else if (kind == pool::StopRequest::Kind::QUICK) {
        asked.kind = kind;
    }
}

void SignalTable::OnGroupTimer() noexcept {
    Stop(asked.signo, asked.kind, HasGroup(asked.signo));
}

void SignalTable::Stop(int signo, pool::StopRequest::Kind kind, bool workers_have_it) noexcept {
    group_timer.Cancel();
    stopping = true;
    commands.Stop({kind, "signal", signo, workers_have_it});
}

void SignalTable::OnHangUp(bool from_terminal) noexcept {
    if (from_terminal || !commands.IsServing())
        Stop(SIGHUP, pool::StopRequest::Kind::GRACEFUL, false);
    else if (has_terminal)
        hang_up_timer.Schedule(LAST_WORDS);
    else
        Relay(SIGHUP);
}

/** A shell that exits hangs its jobs up as a process, before the terminal is gone. */
void SignalTable::OnHangUpTimer() noexcept {
    if (sys::HasTerminal())
        Relay(SIGHUP);
    else
        Stop(SIGHUP, pool::StopRequest::Kind::GRACEFUL, false);
}

void SignalTable::Suspend(bool from_terminal) noexcept {
    if (getpid() == 1) { // which the kernel does not stop
        if (!from_terminal)
            Relay(SIGTSTP);
        return;
    }
    // SIGSTOP: a worker may not refuse it, and an orphaned process group would not stop at SIGTSTP.
    commands.Relay({SIGSTOP});
    const auto before = clock.Now();
    kill(getpid(), SIGSTOP); // returns when SIGCONT comes
    clock.Skip(clock.Now() - before);
}

void SignalTable::Resume() noexcept {
    commands.Relay({SIGCONT});
}

} // namespace launcher
