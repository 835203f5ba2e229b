#include "report/SystemdSink.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <memory>
#include <unistd.h>

using namespace report;

namespace {

class Speech final : public Sink {
public:
    explicit Speech(std::vector<std::string> &_lines) : lines(_lines) {}
    void Emit(const Event &, WallTime) noexcept override {}
    void Say(Level, std::string_view sentence) noexcept override { lines.emplace_back(sentence); }

private:
    std::vector<std::string> &lines;
};

struct Fixture {
    Fixture() { reporter.Add(std::make_unique<Speech>(lines)); }

    void Listen() {
        manager = std::make_unique<sys::UnixDatagram>();
        manager->Bind(address);
    }

    std::string Heard() {
        std::string all;
        while (const auto datagram = manager->Receive(1000))
            all += (all.empty() ? "" : "|") + datagram->text;
        return all;
    }

    std::string operator()(const Event &event) {
        sink.Emit(event, WallTime{});
        return Heard();
    }

    static WorkerEvent Worker(unsigned id, unsigned slot) { return {{id, slot, 1, 4242}}; }
    static Event IsReady(unsigned id, unsigned slot) { return Ready{Worker(id, slot), "notify"}; }
    static Event HasEnded(unsigned id, unsigned slot) {
        return Exit{Worker(id, slot), 0, std::nullopt, false};
    }
    static Event Begins() { return Setup{2, true, {"random", "", ""}, {}}; }

    const sys::UnixAddress address =
        sys::UnixAddress::Parse("@clusterize-unit-" + std::to_string(getpid())).value();
    std::unique_ptr<sys::UnixDatagram> manager;
    std::vector<std::string> lines;
    Reporter reporter;
    SystemdSink sink{address, reporter};
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "how many are ready, READY=1 once, STOPPING=1") {
    auto &say = *this;
    Listen();
    CHECK(say(Begins()) == "STATUS=0/2 workers ready");
    CHECK(say(Fork{Worker(1, 0)}).empty());
    CHECK(say(Online{Worker(1, 0)}).empty());
    CHECK(say(IsReady(1, 0)) == "STATUS=1/2 workers ready");
    CHECK(say(HasEnded(2, 1)).empty()); // it was none of them
    CHECK(say(IsReady(3, 1)) == "STATUS=2/2 workers ready");
    CHECK(say(Up{2, {}}) == "READY=1\nSTATUS=2/2 workers ready");
    CHECK(say(HasEnded(1, 0)) == "STATUS=1/2 workers ready");
    CHECK(say(Restart{0, 0.1, "exit status 0", 1U, 5U}).empty());
    CHECK(say(IsReady(4, 0)) == "STATUS=2/2 workers ready");
    CHECK(say(Stop{"signal", "SIGTERM"}) == "STOPPING=1\nSTATUS=2/2 workers ready");
    CHECK(say(HasEnded(3, 1)) == "STATUS=1/2 workers ready");
    sink.Finish();
    CHECK(Heard().empty());
    CHECK(lines.empty());
}

TEST_CASE_FIXTURE(Fixture, "jobs say nothing until they serve") {
    auto &say = *this;
    Listen();
    CHECK(say(Setup{2, false, {"random", "", ""}, {}}).empty());
    CHECK(say(HasEnded(2, 1)).empty());
    CHECK(say(Setup{2, true, {"random", "", ""}, {}}) == "STATUS=0/2 workers ready");
    CHECK(say(IsReady(1, 0)) == "STATUS=1/2 workers ready");
}

TEST_CASE_FIXTURE(Fixture, "jobs that stop say nothing at all") {
    auto &say = *this;
    Listen();
    CHECK(say(Setup{2, false, {"random", "", ""}, {}}).empty());
    CHECK(say(Stop{"signal", "SIGTERM"}).empty());
    sink.Finish();
    CHECK(Heard().empty());
}

TEST_CASE_FIXTURE(Fixture, "nobody there: said once, and tried again") {
    sink.Emit(Begins(), WallTime{});
    sink.Emit(IsReady(1, 0), WallTime{});
    sink.Emit(Up{2, {}}, WallTime{});
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("NOTIFY_SOCKET") != std::string::npos);
    CHECK(lines[0].find("Connection refused") != std::string::npos);
    Listen();
    CHECK((*this)(Fork{Worker(2, 1)}) == "READY=1\nSTATUS=1/2 workers ready");
    CHECK((*this)(Fork{Worker(2, 1)}).empty());
    CHECK(lines.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a full queue loses nothing that matters and is not complained about") {
    Listen();
    sys::UnixDatagram noise;
    while (noise.Send(address, "x") == 0) {
    }
    sink.Emit(Begins(), WallTime{});
    sink.Emit(Up{2, {}}, WallTime{});
    sink.Emit(Stop{"signal", "SIGTERM"}, WallTime{});
    Heard();
    sink.Finish();
    CHECK(Heard() == "READY=1\nSTOPPING=1\nSTATUS=0/2 workers ready");
    CHECK(lines.empty());
}
