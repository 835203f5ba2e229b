#pragma once

#include "loop/Loop.hxx"
#include "output/Stream.hxx"
#include "report/Reporter.hxx"
#include "unit/FakeClock.hxx"
#include "unit/Pipe.hxx"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace unit {

/** What was emitted and said, one word each. */
class NameSink final : public report::Sink {
public:
    explicit NameSink(std::string &_log) : log(_log) {}

    void Emit(const report::Event &event, report::WallTime) noexcept override {
        std::visit([this](const auto &fact) { log.append(fact.NAME); }, event);
        if (const auto *error = std::get_if<report::Error>(&event))
            log.append(":").append(error->stage).append(":").append(error->message);
        if (const auto *output = std::get_if<report::Output>(&event))
            log.append(":").append(output->stream).append(":").append(output->line);
        log += '\n';
    }

    void Say(report::Level, std::string_view sentence) noexcept override {
        log.append(sentence).append("\n");
    }

private:
    std::string &log;
};

/** A loop, and a drain that leads to a pipe. */
struct Plumbing {
    void Turn(int count = 3) {
        for (int i = 0; i < count; i++)
            loop.Turn(loop::Loop::Wait::NO);
    }

    std::string Log() { return std::exchange(log, {}); }

    FakeClock clock;
    loop::Loop loop{clock};
    std::string log;
    report::Reporter reporter;
    Pipe sink; // what the drain writes to
    output::Drain drain{loop, report::Outlet(sys::Fd(sink.writer)), output::Drain::Gone::CLOSE};
};

/** Writes as a worker does, as far as it fits. */
inline std::size_t Feed(sys::Fd fd, std::string_view text) {
    fcntl(fd.Get(), F_SETFL, O_NONBLOCK);
    const ssize_t length = write(fd.Get(), text.data(), text.size());
    return length > 0 ? static_cast<std::size_t>(length) : 0;
}

} // namespace unit
