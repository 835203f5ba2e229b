#pragma once

#include "report/Outlet.hxx"
#include "report/Reporter.hxx"

namespace report {

/** The log for people: "clusterize: …" lines, rendered from the same events as the JSON lines. */
class TextSink final : public Sink {
public:
    /** `_outlet` is borrowed. */
    TextSink(Outlet &_outlet, Level _level) noexcept : outlet(_outlet), level(_level) {}

    void Emit(const Event &event, WallTime time) noexcept override;
    void Say(Level said, std::string_view sentence) noexcept override;
    void Finish() noexcept override { outlet.Flush(); }

private:
    Outlet &outlet;
    const Level level;
    std::optional<std::string> held; // what is starting where; said when the first worker runs
    bool one_job = false; // its exit status is the launcher's own: no need to say it
};

} // namespace report
