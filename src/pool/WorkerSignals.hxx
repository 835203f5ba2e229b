#pragma once

#include "loop/TimerEvent.hxx"
#include "pool/Commands.hxx"
#include "pool/GroupSignal.hxx"
#include "pool/Reaper.hxx"
#include "pool/StopLadder.hxx"

#include <optional>

namespace pool {

/** Sends signals to one worker: to its main process, or with `--signal-group` to its process
 *  group. It knows which signals the terminal, or somebody else, has sent there already. */
class WorkerSignals {
public:
    /** A worker that got another signal than its stop signal (Ctrl-C) has this much time. */
    static constexpr std::chrono::seconds AGAIN{2};

    /** All are borrowed. */
    WorkerSignals(loop::Loop &loop, const Reaper &_reaper, const StopSpec &_spec,
                  bool _to_group) noexcept
        : reaper(_reaper), spec(_spec), to_group(_to_group),
          again_timer(loop, util::Bind<&WorkerSignals::SendNow>(*this)) {}

    /** For a launcher that takes this one's place. */
    struct Description {
        bool to_group = false;
        std::optional<GroupSignal> group_has;

        /** When the stop signal follows. */
        std::optional<loop::TimePoint> again;

        friend bool operator==(const Description &, const Description &) noexcept = default;
    };

    WorkerSignals(const Description &made, loop::Loop &loop, const Reaper &_reaper,
                  const StopSpec &_spec, const ChildId &_process);

    Description Describe() const noexcept { return {to_group, group_has, again_timer.Due()}; }

    /** The worker has this process from now on. */
    void SetProcess(const ChildId &_process) noexcept { process = _process; }

    /** Its main process has ended. */
    void Ended() noexcept { again_timer.Cancel(); }

    void Send(int signo) noexcept;
    void Relay(const RelayRequest &request) noexcept;

    /** Whoever asks for the stop has sent this signal to the launcher's process group. A worker in
     *  this group has it; it gets the stop signal too, AGAIN later, if that is another one. To a
     *  worker with a group of its own by `--signal-group` INT and QUIT are passed on now: with a
     *  terminal Ctrl-C means the same as without that option. */
    void NoteGroupSignal(int signo) noexcept;

    /** The stop signal, unless the worker has it. */
    void SendStopSignal() noexcept;

    /** Signals that have reached the whole group of the worker, and its leftovers with it. */
    const std::optional<GroupSignal> &GroupHas() const noexcept { return group_has; }

private:
    void SendNow() noexcept;
    int StopSignal(pid_t pid) const noexcept;

    const Reaper &reaper;
    const StopSpec &spec;
    const bool to_group;
    ChildId process;
    std::optional<GroupSignal> group_has;
    loop::TimerEvent again_timer;
};

} // namespace pool
