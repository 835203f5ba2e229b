#include "pool/Verdict.hxx"

namespace pool {

using Kind = Outcome::Kind;

bool Verdict::IsSuccess(const WorkerEnd &end) const noexcept {
    return !end.launch_failure && !end.not_ready && restart.IsSuccess(end.status);
}

std::optional<Ending> Verdict::OnEnd(const WorkerEnd &end, bool serving, bool stopping) noexcept {
    outcome.stuck = outcome.stuck || (end.stuck && stopping);
    if (IsOpen())
        if (const auto ending = EndsAll(end, serving))
            return ending;
    Count(end, serving && !stopping && restart.Replaces(false), !IsSuccess(end));
    return std::nullopt;
}

std::optional<Ending> Verdict::OnEarlyEnd(const WorkerEnd &end) noexcept {
    return IsOpen() ? EndsAll(end, true) : std::nullopt;
}

std::optional<Ending> Verdict::EndsAll(const WorkerEnd &end, bool serving) noexcept {
    if (end.launch_failure) {
        // As long as nothing has served, a command that cannot be started once never can be.
        if (was_ready && !kill_others_on_fail)
            return std::nullopt;
        return Decide(Kind::LAUNCH_FAILED, end, {{}, {}, "a worker could not be started"});
    }
    const bool success = IsSuccess(end);
    if (!success && kill_others_on_fail)
        return Decide(Kind::ONE_FAILED, end,
                      {"fail", "a worker failed: ending the others", "a worker failed"});
    // Under on-failure, a worker that succeeded has done its work.
    if (!serving || was_ready || (success && restart.when == RestartWhen::ON_FAILURE))
        return std::nullopt;
    return Decide(Kind::BOOT_FAILED, end,
                  {"boot",
                   end.not_ready ? "no worker was ready in time: not started again"
                   : success ? "a worker ended before it served; does it go into the background?"
                             : "a worker ended before any was ready: not started again",
                   "boot failure"});
}

Ending Verdict::OnGiveUp(const WorkerEnd &end) noexcept {
    return Decide(Kind::GIVEN_UP, end,
                  {"restart",
                   IsSuccess(end) ? "every slot has failed: giving up; the workers end with "
                                    "success, do they go into the background?"
                                  : "every slot has failed: giving up",
                   "every slot has failed"});
}

void Verdict::OnStop() noexcept {
    if (IsOpen())
        outcome.kind = Kind::STOPPED;
}

Ending Verdict::Decide(Kind kind, const WorkerEnd &end, const Ending &ending) noexcept {
    outcome.kind = kind;
    outcome.launch_failure = end.launch_failure;
    outcome.failure.reset();
    if (!end.launch_failure)
        outcome.failure = end.status;
    return ending;
}

/** Keeps the first failure that no replacement makes good. */
void Verdict::Count(const WorkerEnd &end, bool replaced, bool failed) noexcept {
    if (replaced || !failed || outcome.failure || outcome.launch_failure)
        return;
    if (end.launch_failure)
        outcome.launch_failure = end.launch_failure;
    else
        outcome.failure = end.status;
}

} // namespace pool
