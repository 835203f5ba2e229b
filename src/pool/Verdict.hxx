#pragma once

#include "pool/Outcome.hxx"
#include "pool/RestartPolicy.hxx"
#include "pool/WorkerEnd.hxx"

#include <optional>
#include <string_view>

namespace pool {

/** Why the whole cluster ends because of one worker. */
struct Ending {
    std::string_view stage, message; // of the `error` event; empty if another event has reported it
    std::string_view reason; // of the `stop` event
};

/** Decides which end of a worker decides the exit status, and which one ends the whole cluster. It
 *  knows only the ends that it is told of, in their order. */
class Verdict {
public:
    Verdict(const RestartSpec &_restart, bool _kill_others_on_fail)
        : restart(_restart), kill_others_on_fail(_kill_others_on_fail) {}

    /** A worker is ready. */
    void OnReady() noexcept { was_ready = true; }

    bool IsSuccess(const WorkerEnd &end) const noexcept;

    /** A worker has ended, or could not be started. Returns why that ends the cluster; nothing: it
     *  does not. `serving`: workers are replaced; `stopping`: the cluster's stop was asked for. */
    std::optional<Ending> OnEnd(const WorkerEnd &end, bool serving, bool stopping) noexcept;

    /** A job has ended before another worker showed that the cluster serves. */
    std::optional<Ending> OnEarlyEnd(const WorkerEnd &end) noexcept;

    /** A job has ended with 0, but its work went on in the background and was ended. */
    void OnBackground(const WorkerEnd &end) noexcept { Count(end, false, true); }

    /** Every slot has failed; `end` is the last one's. */
    Ending OnGiveUp(const WorkerEnd &end) noexcept;

    /** The stop of the cluster begins. */
    void OnStop() noexcept;

    /** Nothing has ended the cluster so far. */
    bool IsOpen() const noexcept { return outcome.kind == Outcome::Kind::COMPLETED; }

    const Outcome &GetOutcome() const noexcept { return outcome; }

private:
    std::optional<Ending> EndsAll(const WorkerEnd &end, bool serving) noexcept;
    Ending Decide(Outcome::Kind kind, const WorkerEnd &end, const Ending &ending) noexcept;
    void Count(const WorkerEnd &end, bool replaced, bool failed) noexcept;

    const RestartSpec restart;
    const bool kill_others_on_fail;
    bool was_ready = false;
    Outcome outcome;
};

} // namespace pool
