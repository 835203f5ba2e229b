// --output and a reader that is slow, that stops, or that goes away.

#include "Lines.hxx"

#include <csignal>
#include <sys/socket.h>

using namespace process;

namespace {

std::vector<pid_t> Pids(Cluster &cluster) {
    std::vector<pid_t> pids;
    for (const auto &worker : cluster.Workers())
        pids.push_back(worker.second);
    return pids;
}

/** A cluster in a pipe into `head -n 1`: what head has printed, and the status of the cluster as the last line of
 *  standard error. */
Result IntoHead(const std::string &options, const std::string &command) {
    return Run({.argv = {"/bin/sh", "-c",
                         "{ \"$0\" " + options + " -- " + command + "; echo $? >&2; } | head -n 1",
                         ClusterizePath()}});
}

} // namespace

TEST_CASE(
    "a reader that stops stalls the workers' output and nothing else; TERM is answered in time") {
    Pipe pipe;
    Cluster cluster({.options = {"-n", "4", "--restart", "always", "--output", "prefix",
                                 "--stop-timeout", "2s"},
                     .command = {Behave(), "lines", "10000000"},
                     .start = WritingTo({{pipe.writer.Get(), 20}})});
    pipe.writer.Close();
    (void)cluster.WaitEvents("online", 4);
    REQUIRE(WaitStalled(Pids(cluster)));
    cluster.WaitUp(); // each is alive for three seconds
    const pid_t victim = cluster.WaitOnline(2);
    (void)kill(victim, SIGKILL);
    CHECK(cluster.WaitOnline(5) != victim);
    REQUIRE(WaitStalled(Pids(cluster)));
    const auto asked = Now();
    cluster.Signal(SIGTERM);
    CHECK(cluster.Wait() == Exited(143));
    CHECK(SecondsSince(asked) < 30); // it would wait for ever
    CHECK(cluster.Leftovers().empty());
    CHECK(Contains(cluster.Err(), "lines that workers wrote were dropped"));
    CHECK(cluster.Seen("exit").size() == 5);
}

TEST_CASE("a reader that stops and goes on reading gets everything") {
    Pipe out, err;
    Cluster cluster({.options = {"-n", "4", "--output", "prefix"},
                     .command = {Behave(), "lines", "100000"},
                     .start = WritingTo({{out.writer.Get(), 20}, {err.writer.Get(), 21}})});
    out.writer.Close();
    err.writer.Close();
    (void)cluster.WaitEvents("online", 4);
    REQUIRE(WaitStalled(Pids(cluster)));
    std::string out_text, err_text;
    // Once more in between, when some of it was read.
    while (out_text.size() < 3'000'000)
        REQUIRE(ReadSome({{out.reader.Get(), &out_text}, {err.reader.Get(), &err_text}}));
    REQUIRE(WaitStalled(Pids(cluster)));
    REQUIRE(ReadToEnd({{out.reader.Get(), &out_text}, {err.reader.Get(), &err_text}}));
    CHECK(cluster.Wait() == Exited(0));
    CHECK(Wrong(out_text, 4, 100'000, 1, FirstPrefix, OutLine) == "");
    CHECK(Wrong(err_text, 4, 100'000, 10, FirstPrefix, ErrLine) == "");
}

TEST_CASE("one stream that nobody reads does not hold up the other") {
    Pipe out;
    Cluster cluster({.options = {"-n", "2", "--output", "prefix", "--stop-timeout", "1s"},
                     .command = {"/bin/sh", "-c",
                                 "(yes &) ; for i in 1 2 3; do echo err $i >&2; "
                                 "done; sleep 1000"},
                     .start = WritingTo({{out.writer.Get(), 20}})});
    out.writer.Close();
    REQUIRE(WaitFor([&] { return Count(cluster.Err(), "err 3") == 2; }));
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("the end of jobs waits for a slow reader; TERM ends that, too") {
    Pipe pipe;
    Cluster cluster({.options = {"-n", "1", "--output", "prefix", "--stop-timeout", "1s"},
                     .command = {Behave(), "lines", "4000"},
                     .start = WritingTo({{pipe.writer.Get(), 20}})});
    pipe.writer.Close();
    // It fits into the pipes and what the launcher keeps.
    (void)cluster.WaitEvent("exit");
    CHECK_FALSE(cluster.HasEnded());
    cluster.Signal(SIGTERM);
    CHECK(cluster.Wait() == Exited(0)); // its work was done
    CHECK(Contains(cluster.Err(), "were dropped"));
}

TEST_CASE("a pipe into head ends as without clusterize: the workers get SIGPIPE") {
    const auto inherited = IntoHead("-n 2", "yes");
    CHECK(inherited.out == "y\n");
    CHECK(Lines(inherited.err).back() == "141");
    const auto prefixed = IntoHead("-n 2 --output prefix", "yes");
    CHECK((prefixed.out == "[1] y\n" || prefixed.out == "[2] y\n"));
    CHECK(Lines(prefixed.err).back() == "141");
    CHECK(Count(prefixed.err, "standard output: Broken pipe") == 1);
    const auto events = IntoHead("-n 2 --events - --output events", "yes");
    CHECK(Contains(events.out, "\"event\":\"setup\""));
    CHECK(Lines(events.err).back() == "141");
    const auto handled = IntoHead(
        "-n 2 --output prefix", "/bin/sh -c 'trap \"\" PIPE; while echo x; do :; done 2>/dev/null; "
                                "exit 7'");
    CHECK(Lines(handled.err).back() == "7");
}

TEST_CASE("a reader that is gone takes only its own stream with it") {
    Pipe out;
    Start start = WritingTo({{out.writer.Get(), 20}});
    out.reader.Close();
    Cluster cluster(
        {.options = {"-n", "1", "--output", "prefix"},
         .command = {"/bin/sh", "-c",
                     "trap '' PIPE; while echo x; do :; done 2>/dev/null; echo goes on >&2"},
         .start = std::move(start)});
    CHECK(cluster.Wait() == Exited(0));
    CHECK(Contains(cluster.Err(), "[1] goes on\n"));
    CHECK(cluster.Seen("error").at(0).Text("stage") == "output");
    CHECK(cluster.Seen("error").at(0).Text("errno") == "EPIPE");
}

TEST_CASE("a standard output that is a socket") {
    int ends[2] = {-1, -1};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const Fd reader(ends[0]);
    Fd writer(ends[1]);
    Cluster cluster({.options = {"-n", "2", "--output", "prefix"},
                     .command = {Behave(), "lines", "20000"},
                     .start = WritingTo({{writer.Get(), 20}})});
    writer.Close();
    (void)cluster.WaitEvents("online", 2);
    REQUIRE(WaitStalled(Pids(cluster)));
    std::string text;
    REQUIRE(ReadToEnd({{reader.Get(), &text}}));
    CHECK(cluster.Wait() == Exited(0));
    CHECK(Wrong(text, 2, 20'000, 1, FirstPrefix, OutLine) == "");
}
