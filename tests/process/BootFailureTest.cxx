// A worker of a serving cluster that ends before any was ready ends the cluster at once.

#include "Support.hxx"

#include <csignal>

using namespace process;

namespace {

Result Boot(std::vector<std::string> command, std::vector<std::string> options = {"-n", "1"}) {
    options.insert(options.end(), {"-p", "127.0.0.1:0", "--"});
    options.insert(options.end(), command.begin(), command.end());
    return RunClusterize(std::move(options));
}

} // namespace

TEST_CASE("its status is the cluster's") {
    const auto result = Boot({Behave(), "exit-with", "3"});
    CHECK(result.ended == Exited(3));
    CHECK(result.out == "");
}

TEST_CASE("status 0 becomes 1, with a hint") {
    const auto result = Boot({Behave(), "exit-with", "0"});
    CHECK(result.ended == Exited(1));
    CHECK(Contains(result.err, "ended before it served; does it go into the background?"));
    CHECK(!Contains(Boot({Behave(), "exit-with", "3"}).err, "background"));
}

TEST_CASE("a worker killed by signal N is 128+N") {
    CHECK(Boot({Behave(), "die-by-signal", "9"}).ended == Exited(137));
    CHECK(Boot({Behave(), "die-by-signal", "11"}).ended == Exited(139));
    CHECK(Boot({Behave(), "die-by-signal", "15"}).ended == Exited(143));
}

TEST_CASE("the others are stopped, nothing is restarted, nothing is left") {
    const TempDir directory;
    const std::string script = "if [ $CLUSTERIZE_SLOT = 1 ]; then exec " + Behave() +
                               " exit-with 5 " + directory / "go" + "; fi; exec " + Behave() +
                               " signal-log";
    Cluster cluster(
        {.options = {"-n", "3", "-p", "127.0.0.1:0"}, .command = {"/bin/sh", "-c", script}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start slot=") == 2; }));
    directory.Write("go", "");
    CHECK(cluster.Wait() == Exited(5));
    CHECK(cluster.Seen("restart").empty());
    CHECK(cluster.Seen("ready").empty());
    CHECK(cluster.Seen("exit").size() == 3);
    CHECK(Count(cluster.Out(), "got 15") == 2);
    CHECK(Count(cluster.Out(), "got ") == 2);
    CHECK(IsRefused(cluster.Address()));
}

TEST_CASE("the first failure decides, not what the others say when they are stopped") {
    const TempDir directory;
    const std::string script = "if [ $CLUSTERIZE_SLOT = 0 ]; then exec " + Behave() +
                               " exit-with 0 " + directory / "go" + "; fi; exec " + Behave() +
                               " pause";
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {"/bin/sh", "-c", script}});
    cluster.WaitOut("pausing");
    directory.Write("go", "");
    CHECK(cluster.Wait() == Exited(1));
    CHECK(Contains(cluster.Err(), "background"));
}

TEST_CASE("a server that goes into the background: nothing of it stays") {
    const auto result = Boot({Behave(), "daemonize-exit", Behave(), "pause"});
    CHECK(result.ended == Exited(1));
    CHECK(Contains(result.err, "background"));
}

TEST_CASE("servers that go into the background after they listen: the end says so") {
    const TempDir directory;
    Cluster cluster(
        {.options = {"-n", "2", "--max-restarts", "1/30s"},
         .command = {"/bin/sh", "-c",
                     Program("binder") + " tcp:127.0.0.1:" + std::to_string(FreePort()) +
                         " & exec " + Behave() + " exit-with 0 " + directory / "go"}});
    cluster.WaitUp();
    directory.Write("go", "");
    CHECK(cluster.Wait() == Exited(1));
    CHECK(Contains(cluster.Err(), "giving up; the workers end with success, do they go into the "
                                  "background?"));
}

TEST_CASE("after the first worker was ready it is no boot failure any more") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    (void)cluster.WaitEvent("ready");
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    (void)cluster.WaitOnline(3);
    CHECK(StopServers(cluster) == Exited(0));
}
