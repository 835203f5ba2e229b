#pragma once

#include "report/Event.hxx"
#include "report/Level.hxx"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace report {

using WallTime = std::chrono::system_clock::time_point;

/** Where events go. A sink never waits and never fails: it drops, counts and says so. */
class Sink {
public:
    virtual ~Sink() = default;
    virtual void Emit(const Event &event, WallTime time) noexcept = 0;

    /** A sentence for people; sinks for programs leave it out. */
    virtual void Say(Level, std::string_view) noexcept {}

    /** What people should know of the sink itself, once. */
    virtual std::optional<std::string> TakeComplaint() noexcept { return std::nullopt; }

    /** The last chance before the program ends. */
    virtual void Finish() noexcept {}
};

/** Engine rooms tell it facts; only sinks know texts and formats. */
class Reporter {
public:
    void Add(std::unique_ptr<Sink> sink) { sinks.push_back(std::move(sink)); }

    void Emit(const Event &event) noexcept;
    void Say(Level level, std::string_view sentence) noexcept;
    void Finish() noexcept;

private:
    void TellComplaints() noexcept;

    std::vector<std::unique_ptr<Sink>> sinks;
};

} // namespace report
