#include "sys/SignalNames.hxx"
#include "util/Number.hxx"

#include <csignal>
#include <cstring>
#include <strings.h>

namespace sys {

namespace {

bool StartsWith(std::string_view text, std::string_view prefix) noexcept {
    return text.size() >= prefix.size() &&
           strncasecmp(text.data(), prefix.data(), prefix.size()) == 0;
}

/** "RTMIN", "RTMIN+N", "RTMAX", "RTMAX-N" */
std::optional<int> ParseRealTime(std::string_view text) noexcept {
    const bool from_min = StartsWith(text, "RTMIN");
    if (!from_min && !StartsWith(text, "RTMAX"))
        return std::nullopt;
    const int base = from_min ? SIGRTMIN : SIGRTMAX;
    text.remove_prefix(5);
    if (text.empty())
        return base;
    const auto offset = util::ParseUnsigned(text.substr(1), 30);
    if (text[0] != (from_min ? '+' : '-') || !offset)
        return std::nullopt;
    const int signo =
        from_min ? base + static_cast<int>(*offset) : base - static_cast<int>(*offset);
    return signo >= SIGRTMIN && signo <= SIGRTMAX ? std::optional(signo) : std::nullopt;
}

} // namespace

std::string SignalName(int signo) {
    if (const char *name = sigabbrev_np(signo); name != nullptr)
        return std::string("SIG") + name;
    if (signo >= SIGRTMIN && signo <= SIGRTMAX)
        return signo == SIGRTMIN ? "SIGRTMIN" : "SIGRTMIN+" + std::to_string(signo - SIGRTMIN);
    return "SIG?" + std::to_string(signo);
}

std::optional<int> ParseSignal(std::string_view text) noexcept {
    if (const auto number = util::ParseUnsigned(text, static_cast<unsigned>(SIGRTMAX)))
        return *number != 0 ? std::optional(static_cast<int>(*number)) : std::nullopt;
    if (StartsWith(text, "SIG"))
        text.remove_prefix(3);
    for (int signo = 1; signo < SIGRTMIN; signo++) {
        const char *name = sigabbrev_np(signo);
        if (name != nullptr && std::strlen(name) == text.size() && StartsWith(text, name))
            return signo;
    }
    return ParseRealTime(text);
}

} // namespace sys
