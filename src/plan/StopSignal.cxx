#include "plan/StopSignal.hxx"
#include "pool/StopSignals.hxx"

#include <algorithm>
#include <csignal>

namespace plan {

namespace {

std::string_view BaseName(std::string_view path) noexcept {
    return path.substr(path.rfind('/') + 1);
}

/** The program that the command executes in its own place, as far as its words show that. */
std::string_view Program(std::span<const std::string> command) noexcept {
    const std::string_view first = BaseName(command.front());
    if (first != "bundle")
        return first;
    const auto exec = std::find(command.begin(), command.end(), "exec");
    const auto program = exec == command.end()
                             ? exec
                             : std::find_if(exec + 1, command.end(), [](const std::string &word) {
                                   return !word.starts_with('-');
                               });
    return program != command.end() ? BaseName(*program) : first;
}

} // namespace

int AutoStopSignal(std::span<const std::string> command,
                   const contract::ContractList &contracts) noexcept {
    if (const auto signo = pool::FindStopSignal(Program(command)))
        return *signo;
    for (const contract::Contract *contract : contracts)
        if (contract->stop_signal != 0)
            return contract->stop_signal;
    return SIGTERM;
}

} // namespace plan
