#include "pool/StopSignals.hxx"
#include "sys/SignalState.hxx"

namespace pool {

namespace {

bool Matches(std::string_view pattern, std::string_view name) noexcept {
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : name == pattern;
}

} // namespace

std::optional<int> FindStopSignal(std::string_view program) noexcept {
    for (const StopSignalRow &row : STOP_SIGNALS)
        if (Matches(row.name, program))
            return row.signo;
    return std::nullopt;
}

int StopSignalOf(pid_t pid, int guess) noexcept {
    const auto state = sys::ReadSignalState(pid);
    if (!state)
        return guess;
    const int signo = FindStopSignal(state->name).value_or(guess);
    return state->Handles(signo) && !state->CatchesAll() ? signo : SIGTERM;
}

} // namespace pool
