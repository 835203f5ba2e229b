#pragma once

#include "report/Outlet.hxx"
#include "report/Reporter.hxx"

namespace report {

/** One JSON object a line: `event`, `time` (RFC 3339, microseconds, UTC), then the event's fields.
 *  After lines had to be dropped: `dropped`, before the next one or at the end. */
class JsonSink final : public Sink {
public:
    /** `_outlet` is borrowed. The output of workers is added to it, not flushed. */
    explicit JsonSink(Outlet &_outlet) noexcept : outlet(_outlet) {}

    void Emit(const Event &event, WallTime time) noexcept override;
    void Finish() noexcept override;
    std::optional<std::string> TakeComplaint() noexcept override;

private:
    void TellDropped(WallTime time);

    Outlet &outlet;
    bool complained = false;
};

/** The line, with its newline. */
std::string ToJson(const Event &event, WallTime time);

} // namespace report
