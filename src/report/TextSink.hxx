#pragma once

#include "report/Outlet.hxx"
#include "report/Reporter.hxx"

namespace report {

/** The log for people: "clusterize: …" lines, rendered from the same events as the JSON lines. */
class TextSink final : public Sink {
public:
    /** `_outlet` is borrowed. `_serving_level`: the level from then on, where jobs become a serving
     *  cluster (a second Setup says so). */
    TextSink(Outlet &_outlet, Level _level, Level _serving_level) noexcept
        : outlet(_outlet), level(_level), serving_level(_serving_level) {}

    /** Each line begins with its priority, as journald reads it (sd-daemon(3)). */
    void MarkPriorities() noexcept { marking = true; }

    void Emit(const Event &event, WallTime time) noexcept override;
    void Say(Level said, std::string_view sentence) noexcept override;
    void Finish() noexcept override { outlet.Flush(); }

private:
    void BeginServing(const Setup &setup) noexcept;
    void Write(Level said, std::string_view sentence) noexcept;

    Outlet &outlet;
    Level level;
    const Level serving_level;
    bool marking = false;
    bool begun = false; // the first Setup has come
    std::optional<std::string> held; // what is starting where; said when the first worker runs
    bool one_job = false; // its exit status is the launcher's own: no need to say it
};

} // namespace report
