#include "pool/Background.hxx"
#include "report/WorkerName.hxx"
#include "util/Text.hxx"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace pool {

namespace {

constexpr std::size_t COMM = 15; // the most bytes of a process name

std::string_view BaseName(std::string_view path) noexcept {
    return path.substr(path.rfind('/') + 1);
}

/** A shell's background jobs have its name, too, and its script may have done all its work. */
bool IsShell(std::string_view command) noexcept {
    constexpr std::array<std::string_view, 7> SHELLS = {"sh",   "ash", "bash", "busybox",
                                                        "dash", "ksh", "zsh"};
    return std::find(SHELLS.begin(), SHELLS.end(), command) != SHELLS.end();
}

} // namespace

bool Background::OnCleared(const WorkerRef &worker, const WorkerSpec &spec, const WorkerEnd &end) {
    if (end.left.empty() || end.status.killed || end.status.number != 0)
        return false;
    const std::string_view command = BaseName(spec.command[0]);
    const bool detaches = command == "setsid"; // it forks, because workers lead process groups
    // A fork has the name of its parent, until it executes another program.
    const auto same = std::find(end.left.begin(), end.left.end(), command.substr(0, COMM));
    const bool went_on = detaches || (same != end.left.end() && !IsShell(command));
    if (!std::exchange(was_said, true))
        reporter.Say(went_on || end.when - end.since < QUICK ? report::Level::WARN
                                                             : report::Level::INFO,
                     fmt::format("{} ended with status 0 and left {} behind, which was ended; {}",
                                 report::NameOf(worker),
                                 util::Quote(same != end.left.end() ? *same : end.left.front()),
                                 detaches ? "setsid -w waits for its command"
                                          : "does it go into the background?"));
    return went_on;
}

} // namespace pool
