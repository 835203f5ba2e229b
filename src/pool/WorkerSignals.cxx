#include "pool/WorkerSignals.hxx"
#include "pool/StopSignals.hxx"
#include "sys/Proc.hxx"
#include "sys/SignalState.hxx"

#include <csignal>
#include <unistd.h>

namespace pool {

namespace {

/** By USR1 Node opens its debugger for everybody on the machine, and it always has a handler for
 *  that, whether the application has one or not. */
bool OpensDebugger(pid_t pid, const sys::SignalState &state, int signo) {
    const auto is_node = [](std::string_view name) { return name.starts_with("node"); };
    return signo == SIGUSR1 &&
           (is_node(state.name) || state.name == "MainThread" || is_node(sys::ReadExecutable(pid)));
}

bool HandlesItself(pid_t pid, int signo) {
    const auto state = sys::ReadSignalState(pid);
    return state && state->Handles(signo) && !OpensDebugger(pid, *state, signo);
}

} // namespace

WorkerSignals::WorkerSignals(const Description &made, loop::Loop &loop, const Reaper &_reaper,
                             const StopSpec &_spec, const ChildId &_process)
    : WorkerSignals(loop, _reaper, _spec, made.to_group) {
    process = _process;
    group_has = made.group_has;
    if (made.again)
        again_timer.ScheduleAt(*made.again);
}

void WorkerSignals::Send(int signo) noexcept {
    // A main process that has left its group gets the signal alone.
    const bool leads = to_group && getpgid(process.pid) == process.pid;
    if (!leads || reaper.SignalGroup(process, signo) != 0)
        static_cast<void>(reaper.Signal(process, signo)); // one that was reaped gets none
}

void WorkerSignals::Relay(const RelayRequest &request) noexcept {
    if (!reaper.Has(process) || (request.group_has_it && sys::IsInOwnGroup(process.pid)) ||
        (request.only_handlers && !HandlesItself(process.pid, request.signo)))
        return;
    if (request.only_handlers) // nobody has asked the others of the group
        static_cast<void>(reaper.Signal(process, request.signo));
    else
        Send(request.signo);
}

void WorkerSignals::NoteGroupSignal(int signo) noexcept {
    group_has = {getpgrp(), signo, sys::TicksSinceBoot()};
    const bool from_keys = signo == SIGINT || signo == SIGQUIT;
    if (!to_group || !from_keys || !reaper.Has(process) || sys::IsInOwnGroup(process.pid))
        return;
    Send(signo);
    group_has->group = process.pid;
}

void WorkerSignals::SendStopSignal() noexcept {
    if (!reaper.Has(process))
        return;
    if (!group_has || getpgid(process.pid) != group_has->group)
        return SendNow();
    if (group_has->signo != StopSignal(process.pid))
        again_timer.Schedule(AGAIN);
}

void WorkerSignals::SendNow() noexcept {
    const int signo = StopSignal(process.pid);
    Send(signo);
    if (to_group)
        group_has = {process.pid, signo, sys::TicksSinceBoot()};
}

int WorkerSignals::StopSignal(pid_t pid) const noexcept {
    return spec.by_program ? StopSignalOf(pid, spec.signo) : spec.signo;
}

} // namespace pool
