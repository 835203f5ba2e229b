#include "report/Reporter.hxx"

namespace report {

void Reporter::Emit(const Event &event) noexcept {
    const WallTime now = std::chrono::system_clock::now();
    for (const auto &sink : sinks)
        sink->Emit(event, now);
    TellComplaints();
}

void Reporter::TellComplaints() noexcept {
    for (const auto &sink : sinks)
        if (const auto complaint = sink->TakeComplaint())
            Say(Level::WARN, *complaint);
}

void Reporter::Say(Level level, std::string_view sentence) noexcept {
    for (const auto &sink : sinks)
        sink->Say(level, sentence);
}

void Reporter::Finish() noexcept {
    for (const auto &sink : sinks)
        sink->Finish();
}

} // namespace report
