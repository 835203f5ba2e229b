#include "report/Reporter.hxx"

#include <doctest/doctest.h>

using namespace report;

namespace {

class Recorder final : public Sink {
public:
    Recorder(std::string &_log, char _name) : log(_log), name(_name) {}

    void Emit(const Event &event, WallTime time) noexcept override {
        log += name;
        log += std::visit([](const auto &fact) { return fact.NAME; }, event);
        last = time;
    }
    void Say(Level, std::string_view sentence) noexcept override {
        log += name;
        log += sentence;
    }
    void Finish() noexcept override {
        log += name;
        log += "finish";
    }

    std::string &log;
    const char name;
    WallTime last;
};

} // namespace

TEST_CASE("every sink gets every fact, with one time") {
    std::string log;
    Reporter reporter;
    auto one = std::make_unique<Recorder>(log, '1'), two = std::make_unique<Recorder>(log, '2');
    const Recorder &first = *one, &second = *two;
    reporter.Add(std::move(one));
    reporter.Add(std::move(two));
    const auto begin = std::chrono::system_clock::now();
    reporter.Emit(Stop{"signal", "SIGTERM"});
    reporter.Say(Level::WARN, "sentence");
    reporter.Finish();
    CHECK(log == "1stop2stop1sentence2sentence1finish2finish");
    CHECK(first.last.time_since_epoch().count() == second.last.time_since_epoch().count());
    CHECK((first.last >= begin && first.last <= std::chrono::system_clock::now()));
}
