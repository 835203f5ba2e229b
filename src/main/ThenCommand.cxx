#include "main/ThenCommand.hxx"
#include "contract/Contracts.hxx"
#include "main/ExitCode.hxx"
#include "util/Table.hxx"

#include <csignal>
#include <unistd.h>

namespace launcher {

namespace {

constexpr std::string_view STAGE = "then";

report::Error MakeError(int error, std::string message) {
    return {STAGE, error, std::move(message), std::nullopt, std::nullopt};
}

} // namespace

spawn::LaunchSpec ThenCommand::MakeLaunchSpec() const {
    spawn::LaunchSpec launch;
    launch.paths = {"/bin/sh"};
    launch.argv = {"sh", "-c", command};
    launch.env = spec.worker->environment;
    launch.env.Set("CLUSTERIZE_PID", std::to_string(getpid()));
    launch.env.Set("CLUSTERIZE_RUN", spec.worker->run); // what it leaves behind is found by it
    launch.env.Set("CLUSTERIZE_WORKER_COUNT", std::to_string(spec.slots));
    spawn::ChildDescriptors numbers; // it learns of the port, and gets no socket
    util::FindRow(contract::CONTRACTS, "port")
        ->render(contract::MakeHandover(table.Exports(0), numbers), launch.env);
    launch.descriptor_limit = spec.worker->descriptor_limit;
    launch.own_group = own_group;
    launch.stop_signal = SIGTERM;
    return launch;
}

void ThenCommand::OnUp() noexcept {
    reporter.Say(report::Level::INFO, "up: running the command of --then");
    spawn::LaunchSpec launch = MakeLaunchSpec();
    auto result = launcher.Launch(launch);
    if (const auto *why = std::get_if<spawn::LaunchFailure>(&result))
        return Fail(*why, spawn::Describe(*why, launch));
    auto &forked = std::get<spawn::Forked>(result);
    running = true;
    watcher.Watch(forked.pid);
    child = reaper.AddCompanion(sys::Process(forked.pid, std::move(forked.pidfd)),
                                pool::Reaper::OnEnd::Make<&ThenCommand::OnEnd>(*this), true);
    start = std::make_unique<spawn::Start>(loop, std::move(forked.channel), std::move(launch),
                                           util::Bind<&ThenCommand::OnSettled>(*this));
    start->Look();
}

void ThenCommand::OnSettled() noexcept {
    was_started = start->GetState() == spawn::Start::State::EXECUTED;
    if (was_started)
        return;
    reaper.Signal(child, SIGKILL); // it may be held up
    Fail(start->Failure(), start->DescribeFailure());
}

void ThenCommand::Fail(const spawn::LaunchFailure &why, const std::string &message) noexcept {
    failure = why;
    reporter.Emit(MakeError(why.error, "--then: " + message));
    pool.Stop({pool::StopRequest::Kind::QUICK, "the command of --then cannot run", 0, false});
}

void ThenCommand::OnEnd(pool::ExitStatus status) noexcept {
    running = false;
    watcher.Unwatch();
    start->Look(); // what it said before it ended
    if (!was_started)
        return;
    ended = status;
    decided = !stopping;
    pool.Stop({pool::StopRequest::Kind::QUICK, "the command of --then has ended", 0, false});
}

void ThenCommand::OnStop(const pool::StopRequest &request) noexcept {
    stopping = true;
    signo = request.signo;
    if (!running && !was_started && !failure && signo == 0)
        reporter.Emit(MakeError(0, "the cluster never came up: the command of --then was not run"));
    if (!request.workers_have_it)
        Send(SIGTERM);
}

void ThenCommand::OnStopKill() noexcept {
    Send(SIGKILL);
}

void ThenCommand::OnAllGone() noexcept {
    if (stopping)
        return;
    reporter.Say(report::Level::WARN, "no worker is left: ending the command of --then");
    pool.Stop({pool::StopRequest::Kind::QUICK, "no worker is left", 0, false});
}

/** To all of its pipeline, where it has a process group of its own. */
void ThenCommand::Send(int number) noexcept {
    if (!running)
        return;
    if (own_group)
        reaper.SignalGroup(child, number);
    else
        reaper.Signal(child, number);
}

int ThenCommand::Status() const noexcept {
    const int own = ended ? ended->Code() : 0;
    if (decided)
        return own;
    if (signo != 0)
        return own != 0 ? own : 128 + signo;
    if (failure)
        return ExitCode(*failure);
    if (!was_started)
        return OWN_FAILURE;
    const int cluster = ExitCode(pool.GetOutcome());
    return cluster != 0 ? cluster : 1;
}

} // namespace launcher
