// Jobs: no port asked for, or --jobs. All run to their end, nothing is restarted.

#include "Support.hxx"

#include <csignal>

using namespace process;

TEST_CASE("all end with 0") {
    AsEveryone([](bool nobody) {
        const auto result = RunClusterize(
            {"-n", "4", "--", "sh", "-c", "echo slot $CLUSTERIZE_SLOT"}, {.nobody = nobody});
        CHECK(result.ended == Exited(0));
        CHECK(result.err == ""); // the log level of jobs is warn
        auto lines = Lines(result.out);
        CHECK(std::set<std::string>(lines.begin(), lines.end()) ==
              std::set<std::string>{"slot 0", "slot 1", "slot 2", "slot 3"});
        CHECK(lines.size() == 4);
    });
}

TEST_CASE("the status is that of the first that failed, and the rest runs to its end") {
    const TempDir directory;
    // 1 fails first, 0 fails later with another status, 2 ends well at last.
    const std::string script = "case $CLUSTERIZE_SLOT in 1) exit 7;; 0) exec " + Behave() +
                               " exit-with 3 " + directory / "one" + ";; 2) " + Behave() +
                               " exit-with 0 " + directory / "two" + "; echo done;; esac";
    Cluster cluster({.options = {"-n", "3"}, .command = {"/bin/sh", "-c", script}});
    CHECK(cluster.WaitEvents("exit", 1)[0].Number("code") == 7);
    directory.Write("one", "");
    CHECK(cluster.WaitEvents("exit", 2)[1].Number("code") == 3);
    CHECK(!cluster.HasEnded());
    directory.Write("two", "");
    CHECK(cluster.Wait() == Exited(7));
    CHECK(cluster.Out() == "done\n");
    CHECK(cluster.Seen("exit").size() == 3);
    CHECK(cluster.Seen("restart").empty());
    CHECK(cluster.Seen("ready").empty());
    CHECK(cluster.Seen("up").empty());
    CHECK(!cluster.WaitEvent("setup").Flag("serving"));
}

TEST_CASE("a job killed by signal N is 128+N") {
    CHECK(RunClusterize({"--", Behave(), "die-by-signal", "9"}).ended == Exited(137));
    CHECK(RunClusterize({"-n", "2", "--", Behave(), "die-by-signal", "6"}).ended == Exited(134));
}

TEST_CASE("--jobs with a port: not restarted, the port is there") {
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:0", "--jobs"}, .command = {EchoServer()}});
    CHECK(!cluster.WaitEvent("setup").Flag("serving"));
    (void)cluster.WaitOnline(2);
    const std::string address = cluster.Address();
    WaitAllReport(cluster);
    CHECK(Ask(address, "exit 0") == "exiting");
    (void)cluster.WaitEvents("exit", 1);
    // The other one has them all now.
    for (int i = 0; i < 10; ++i)
        CHECK(Connection(address).Ask("words", Duration{10'000}) == "words");
    CHECK(Ask(address, "exit 4") == "exiting");
    CHECK(cluster.Wait() == Exited(4));
    CHECK(cluster.Seen("fork").size() == 2);
}

TEST_CASE("what a job leaves behind is ended when the cluster ends") {
    const std::string daemon = Behave() + " daemonize-exit " + Behave() + " pause";
    const auto result = RunClusterize({"--", "sh", "-c", daemon + "; exit 0"});
    CHECK(result.ended == Exited(0));
    CHECK(Contains(result.out, "child "));
}

TEST_CASE("a job killed by SIGKILL from outside is not replaced") {
    Cluster cluster({.options = {"-n", "2"}, .command = {Behave(), "pause"}});
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    (void)cluster.WaitEvents("exit", 1);
    (void)kill(cluster.WaitOnline(2), SIGTERM);
    CHECK(cluster.Wait() == Exited(137));
}

TEST_CASE("a command that goes into the background and is ended: a hint, and not status 0") {
    const auto daemon =
        RunClusterize({"-n", "2", "--", Behave(), "daemonize-exit", Behave(), "pause"});
    CHECK(daemon.ended == Exited(1));
    CHECK(Count(daemon.err, "does it go into the background?") == 1);

    const auto detached = RunClusterize({"-n", "2", "--", "setsid", Behave(), "pause"});
    CHECK(detached.ended == Exited(1));
    CHECK(Count(detached.err, "setsid -w") == 1);

    // It may have done its work, and have left what it does not need any more.
    const TempDir directory;
    const std::string there = directory / "there";
    const auto other = RunClusterize({"--", "sh", "-c",
                                      Behave() + " pause >" + there + " & until test -s " + there +
                                          "; do sleep 0.01; done; exit 0"});
    CHECK(other.ended == Exited(0));
    CHECK(Contains(other.err, "left 'behave' behind"));

    CHECK(RunClusterize({"--", "setsid", "-w", "true"}).err == "");
}
