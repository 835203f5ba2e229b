#include "report/SystemdSink.hxx"
#include "sys/Error.hxx"

#include <cerrno>
#include <fmt/format.h>

namespace report {

void SystemdSink::Emit(const Event &event, WallTime) noexcept {
    bool changed = behind;
    if (const auto *setup = std::get_if<Setup>(&event)) {
        serving = setup->serving;
        workers = setup->workers;
        changed = true;
    } else if (const auto *is_ready = std::get_if<Ready>(&event)) {
        changed = ready.insert(is_ready->worker.slot).second || changed;
    } else if (const auto *exit = std::get_if<Exit>(&event)) {
        changed = ready.erase(exit->worker.slot) != 0 || changed;
    } else if (std::holds_alternative<Up>(event)) {
        due += "READY=1\n";
        changed = true;
    } else if (std::holds_alternative<Stop>(event)) {
        due += "STOPPING=1\n";
        changed = true;
    }
    if (changed && serving)
        Tell();
}

void SystemdSink::Finish() noexcept {
    if (behind)
        Tell();
}

void SystemdSink::Tell() noexcept {
    const int error = socket.Send(
        address, fmt::format("{}STATUS={}/{} workers ready", due, ready.size(), workers));
    behind = error != 0; // the next event, or the end, tries again
    if (!behind) {
        due.clear();
    } else if (error != EAGAIN && !complained) {
        complained = true;
        reporter.Say(Level::WARN,
                     fmt::format("NOTIFY_SOCKET of the launcher: nobody can be told: {}",
                                 sys::ErrnoText(error)));
    }
}

} // namespace report
