// --output events: each line is an event among the others.

#include "Lines.hxx"

#include <algorithm>

using namespace process;

namespace {

std::vector<Event> Parse(const std::string &text) {
    std::vector<Event> events;
    for (const auto &line : Lines(text))
        events.emplace_back(line);
    return events;
}

} // namespace

TEST_CASE("a line of output is an event with its worker, before the exit of that") {
    Cluster cluster({.options = {"-n", "2", "--output", "events"},
                     .command = {"/bin/sh", "-c", "echo out; printf 'b\\377d \"q\"' >&2"}});
    CHECK(cluster.Wait() == Exited(0));
    CHECK(cluster.Out() == "");
    CHECK(!Contains(cluster.Err(), "out"));
    for (const long id : {1L, 2L}) {
        const auto output = cluster.Seen("output", With("id", id));
        REQUIRE(output.size() == 2);
        for (const Event &event : output) {
            CHECK(event.Number("slot") == id - 1);
            CHECK(event.Number("generation") == 1);
            CHECK(event.Number("pid") == cluster.Seen("fork", With("id", id)).at(0).Number("pid"));
            const bool is_error = event.Text("stream") == "stderr";
            CHECK(event.Text("line") == (is_error ? "b\xef\xbf\xbd"
                                                    "d \"q\""
                                                  : "out"));
        }
        const auto &events = cluster.Events();
        const auto exit = std::find_if(events.begin(), events.end(), [id](const Event &event) {
            return event.Name() == "exit" && event.Number("id") == id;
        });
        CHECK(std::none_of(exit, events.end(), [id](const Event &event) {
            return event.Name() == "output" && event.Number("id") == id;
        }));
    }
}

TEST_CASE("many lines: none is dropped, however slow the reader is") {
    Pipe pipe;
    Cluster cluster({.options = {"-n", "4", "--events", "-", "--output", "events"},
                     .command = {Behave(), "lines", "20000"},
                     .start = WritingTo({{pipe.writer.Get(), 20}}),
                     .events = false});
    pipe.writer.Close();
    std::vector<pid_t> workers;
    REQUIRE(WaitFor([&] {
        workers.clear();
        for (const pid_t pid : Children(cluster.Pid()))
            if (Contains(CommandLine(pid), "lines 20000"))
                workers.push_back(pid);
        return workers.size() == 4;
    }));
    REQUIRE(WaitStalled(workers));
    std::string text;
    REQUIRE(ReadToEnd({{pipe.reader.Get(), &text}}));
    CHECK(cluster.Wait() == Exited(0));
    std::string out, err;
    size_t exits = 0;
    for (const Event &event : Parse(text)) {
        exits += event.Name() == "exit" ? 1 : 0;
        CHECK(event.Name() != "dropped");
        if (event.Name() == "output")
            (event.Text("stream") == "stderr" ? err : out) += event.Text("line") + "\n";
    }
    const auto nothing = [](unsigned) { return std::string(); };
    CHECK(exits == 4);
    CHECK(Wrong(out, 4, 20'000, 1, nothing, OutLine) == "");
    CHECK(Wrong(err, 4, 20'000, 10, nothing, ErrLine) == "");
}

TEST_CASE("it needs --events") {
    CheckRefused(RunClusterize({"--output", "events", "--", "true"}), 125,
                 {"--output", "--events"});
    Start start;
    start.env = {{"CLUSTERIZE_OUTPUT", "events"}};
    CheckRefused(RunClusterize({"--", "true"}, std::move(start)), 125,
                 {"CLUSTERIZE_OUTPUT", "--events"});
}
