// --events: one JSON object a line, to a file, a descriptor or standard output; the log beside it.

#include "Lines.hxx"

#include <algorithm>
#include <fcntl.h>
#include <regex>
#include <sys/stat.h>
#include <unistd.h>

using namespace process;

namespace {

std::vector<Event> Parse(const std::string &text) {
    std::vector<Event> events;
    for (const auto &line : Lines(text))
        events.emplace_back(line);
    return events;
}

std::string Names(const std::vector<Event> &events) {
    std::string names;
    for (const auto &event : events)
        names += (names.empty() ? "" : " ") + event.Name();
    return names;
}

} // namespace

TEST_CASE("the events of a serving cluster in their order, with their fields") {
    Cluster cluster({.options = {"-n", "1", "-l", "web=127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    CHECK(StopServers(cluster) == Exited(0));
    const auto &events = cluster.Events();
    CHECK(Names(events) == "setup fork online listening ready up stop exit");
    const std::regex rfc3339(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d))");
    std::string last;
    for (const auto &event : events) {
        CHECK(std::regex_match(event.Text("time"), rfc3339));
        CHECK(event.Text("time") >= last);
        last = event.Text("time");
    }
    const auto listeners = events[0].List("listeners");
    REQUIRE(listeners.size() == 1);
    CHECK(listeners[0].Text("name") == "web");
    CHECK(events[0].Number("workers") == 1);
    CHECK(events[0].Flag("serving"));
    CHECK(events[0].Object("balance").Has("tier"));
    CHECK(events[0].Object("balance").Has("lacks"));
    for (const size_t i : {1U, 2U, 3U, 4U, 7U}) {
        CHECK(events[i].Number("id") == 1);
        CHECK(events[i].Number("slot") == 0);
        CHECK(events[i].Number("generation") == 1);
        CHECK(events[i].Number("pid") == events[1].Number("pid"));
    }
    CHECK(events[3].Text("address") == "127.0.0.1");
    CHECK(events[3].Number("port") == cluster.Port());
    CHECK(events[3].Number("addressType") == 4);
    CHECK_FALSE(events[3].Flag("adopted"));
    CHECK(events[4].Text("by") == "listening");
    CHECK(events[5].Number("workers") == 1);
    CHECK(events[5].List("listeners").at(0).Number("port") == cluster.Port());
    CHECK(events[6].Text("reason") != "");
}

TEST_CASE("the events of jobs") {
    Cluster cluster({.options = {"-n", "1"}, .command = {"true"}});
    CHECK(cluster.Wait() == Exited(0));
    CHECK(Names(cluster.Events()) == "setup fork online exit");
    CHECK(cluster.Seen("exit")[0].Number("code") == 0);
}

TEST_CASE("a ready worker is three seconds old") {
    Cluster cluster(
        {.options = {"--ready", "3s", "-n", "1", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    (void)cluster.WaitEvent("online");
    const auto online = Now();
    (void)cluster.WaitEvent("ready");
    CHECK(SecondsSince(online) >= 2.9);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("an exec that fails is forked and not online") {
    Cluster cluster({.options = {"-n", "1"}, .command = {"/no/such/program"}});
    CHECK(cluster.Wait() == Exited(127));
    CHECK(cluster.Seen("online").empty());
    const auto error = cluster.WaitEvent("error");
    CHECK(error.Text("stage") == "exec");
    CHECK(error.Text("errno") == "ENOENT");
}

TEST_CASE("--events FILE is appended to") {
    AsEveryone([](bool nobody) {
        const TempDir directory;
        if (nobody && IsRoot())
            directory.GiveTo(NOBODY, NOBODY);
        const std::string file = directory / "events";
        for (int i = 0; i < 2; ++i)
            CHECK(RunClusterize({"--events", file, "--", "true"}, {.nobody = nobody}).ended ==
                  Exited(0));
        CHECK(Names(Parse(ReadFile(file))) == "setup fork online exit setup fork online exit");
    });
}

TEST_CASE("--events - writes to standard output, and nothing else does") {
    const auto result = RunClusterize({"--events", "-", "--", "true"});
    CHECK(result.ended == Exited(0));
    CHECK(Names(Parse(result.out)) == "setup fork online exit");
    CHECK(result.err == "");
}

TEST_CASE("a reader that never reads does not block supervision, nor the end") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    // Filled to its brim.
    REQUIRE(fcntl(write_end.Get(), F_SETFL, O_NONBLOCK) == 0);
    const std::string page(4096, 'x');
    while (write(write_end.Get(), page.data(), page.size()) > 0) {
    }
    REQUIRE(fcntl(write_end.Get(), F_SETFL, 0) == 0);
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--events", "fd:20"},
                     .command = {EchoServer()},
                     .start = {.fds = {{write_end.Get(), 20}}},
                     .events = false});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 2; }));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("jobs that have ended wait for a slow reader of the events") {
    Pipe pipe;
    REQUIRE(fcntl(pipe.writer.Get(), F_SETPIPE_SZ, 4096) > 0);
    Cluster cluster({.options = {"-n", "100", "--events", "fd:20", "--stop-timeout", "1h"},
                     .command = {"echo", "done"},
                     .start = {.fds = {{pipe.writer.Get(), 20}}},
                     .events = false});
    pipe.writer.Close();
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "done\n") == 100; }));
    REQUIRE(WaitFor([&] {
        const auto children = Children(cluster.Pid());
        return std::none_of(children.begin(), children.end(),
                            [](pid_t pid) { return CommandLine(pid).starts_with("echo"); });
    }));
    std::string text;
    char buffer[4096];
    for (ssize_t length = 0; (length = read(pipe.reader.Get(), buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<size_t>(length));
    CHECK(cluster.Wait() == Exited(0));
    size_t exits = 0;
    for (const Event &event : Parse(text))
        exits += event.Name() == "exit" ? 1 : 0;
    CHECK(exits == 100);
}

TEST_CASE("events that nobody reads in time are counted in the log") {
    Pipe pipe;
    REQUIRE(fcntl(pipe.writer.Get(), F_SETPIPE_SZ, 4096) > 0);
    Cluster cluster({.options = {"-n", "40", "--events", "fd:20", "--stop-timeout", "300ms"},
                     .command = {"true"},
                     .start = {.fds = {{pipe.writer.Get(), 20}}},
                     .events = false});
    pipe.writer.Close();
    CHECK(cluster.Wait() == Exited(0));
    CHECK(Contains(cluster.Err(), " events were dropped: nobody read them in time"));
}

TEST_CASE("a FIFO is not waited for: its reader may come later, and finds what has happened") {
    const TempDir directory;
    const std::string fifo = directory / "fifo";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    Cluster cluster({.options = {"-n", "1", "--events", fifo},
                     .command = {Behave(), "pause"},
                     .events = false});
    cluster.WaitOut("pausing");
    const Fd reader(open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(reader.IsOpen());
    CHECK(cluster.Stop() == Exited(143));
    char buffer[4096];
    const auto length = read(reader.Get(), buffer, sizeof buffer);
    REQUIRE(length > 0);
    CHECK(Names(Parse(std::string(buffer, static_cast<size_t>(length)))) ==
          "setup fork online stop exit");
}

TEST_CASE("a reader that is gone does not end the cluster") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    Fd read_end(ends[0]);
    const Fd write_end(ends[1]);
    read_end.Close();
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--events", "fd:20"},
                     .command = {EchoServer()},
                     .start = {.fds = {{write_end.Get(), 20}}},
                     .events = false});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 2; }));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a log that nobody reads any more, or that nobody ever reads, does not end the cluster") {
    for (const bool gone : {true, false}) {
        INFO("reader gone: ", gone);
        int ends[2];
        REQUIRE(pipe(ends) == 0);
        Fd read_end(ends[0]);
        const Fd write_end(ends[1]);
        if (gone) {
            read_end.Close();
        } else {
            REQUIRE(fcntl(write_end.Get(), F_SETFL, O_NONBLOCK) == 0);
            const std::string page(4096, 'x');
            while (write(write_end.Get(), page.data(), page.size()) > 0) {
            }
            REQUIRE(fcntl(write_end.Get(), F_SETFL, 0) == 0);
        }
        Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--log-level", "debug"},
                         .command = {EchoServer()},
                         .start = {.fds = {{write_end.Get(), 20}},
                                   .prepare = [] { (void)dup2(20, STDERR_FILENO); }}});
        CHECK(StopServers(cluster) == Exited(0));
    }
}

TEST_CASE("the log: info for servers, warn for jobs, what --log-level says for both") {
    const auto log = [](std::vector<std::string> options) {
        Cluster cluster({.options = std::move(options), .command = {Behave(), "pause"}});
        cluster.WaitOut("pausing");
        CHECK(cluster.Stop() == Exited(143));
        for (const auto &line : Lines(cluster.Err()))
            CHECK(line.compare(0, 12, "clusterize: ") == 0);
        return Lines(cluster.Err()).size();
    };
    const std::string port = "127.0.0.1:0";
    CHECK(log({"-n", "1"}) == 0);
    CHECK(log({"-n", "1", "--log-level", "error", "-p", port}) == 0);
    const auto info = log({"-n", "1", "-p", port});
    CHECK(info >= 2);
    CHECK(log({"-n", "1", "--log-level", "info"}) >= 2);
    CHECK(log({"-n", "1", "-p", port, "--log-level", "debug"}) > info);
}

TEST_CASE("a disk that is full: the log says so once, and the cluster goes on") {
    const auto result =
        RunClusterize({"-n", "3", "--events", "/dev/full", "--", "sh", "-c", "exit 0"});
    CHECK(result.ended == Exited(0));
    CHECK(Lines(result.err) ==
          std::vector<std::string>{
              "clusterize: cannot write the events: No space left on device: they are dropped"});
}
