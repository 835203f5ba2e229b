#pragma once

#include "spawn/Launcher.hxx"

#include <poll.h>
#include <sys/wait.h>
#include <utility>
#include <variant>

namespace unit {

/** A process that executes its command. */
struct Executed {
    pid_t pid = 0;
    sys::UniqueFd notify = {};
    int filter_error = 0;
};

/** Starts a process and waits until it executes or has failed. Of a failure nothing is left. */
inline std::variant<Executed, spawn::LaunchFailure> LaunchAndWait(spawn::Launcher &launcher,
                                                                  spawn::LaunchSpec &spec) {
    using State = spawn::StartChannel::State;
    auto result = launcher.Launch(spec);
    if (const auto *failure = std::get_if<spawn::LaunchFailure>(&result))
        return *failure;
    auto &forked = std::get<spawn::Forked>(result);
    while (forked.channel.Look() == State::PENDING) {
        pollfd waiting = {forked.channel.Descriptor().Get(), POLLIN, 0};
        poll(&waiting, 1, 60'000);
    }
    forked.channel.Close();
    if (forked.channel.GetState() == State::FAILED) {
        waitpid(forked.pid, nullptr, 0);
        return forked.channel.Failure();
    }
    spawn::Launched launched = forked.channel.Take();
    return Executed{forked.pid, std::move(launched.notify), launched.filter_error};
}

} // namespace unit
