// Descendants of a worker: they end with it or with the cluster, never outlive both.

#include "Support.hxx"

#include <csignal>
#include <cstdlib>

using namespace process;

namespace {

/** The pid after "child " in the output of `behave daemonize`. */
pid_t ChildOf(const Process &process) {
    process.WaitOut("child ");
    const std::string out = process.Out();
    return static_cast<pid_t>(std::atoi(out.c_str() + out.find("child ") + 6));
}

} // namespace

TEST_CASE("sh -c 'server; x': the server gets its TERM and the time to end") {
    AsEveryone([](bool nobody) {
        Cluster cluster(
            {.options = {"-n", "2", "-p", "127.0.0.1:0"},
             .command = {"/bin/sh", "-c", Reachable(Behave()) + " signal-log; echo after"},
             .start = {.nobody = nobody}});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 2; }));
        CHECK(cluster.Stop() == Exited(143)); // the shells
        CHECK(Count(cluster.Out(), "got 15") == 2);
        CHECK(!Contains(cluster.Out(), "after"));
    });
}

TEST_CASE("the same where the server takes longer than a second: it has the whole time of a stop") {
    const std::string server = "trap 'sleep 2; echo tidy; exit 0' TERM; echo trapped; "
                               "while :; do sleep 1000 & wait $!; done";
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"},
                     .command = {Behave(), "fork-wait", "/bin/sh", "-c", server}});
    cluster.WaitOut("trapped");
    CHECK(cluster.Stop() == Exited(143));
    CHECK(Contains(cluster.Out(), "tidy"));
}

TEST_CASE("sh -c 'server; x' where the server ignores TERM: killed when the time is over") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "1500ms"},
                     .command = {"/bin/sh", "-c", Behave() + " ignore-term; echo after"}});
    cluster.WaitOut("ignoring");
    const auto asked = Now();
    CHECK(cluster.Stop() == Exited(143));
    CHECK(SecondsSince(asked) >= 1.4);
    CHECK(SecondsSince(asked) < 7);
}

TEST_CASE("a child that a worker daemonized ends with the cluster") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"},
                         .command = {Behave(), "daemonize", Reachable(Behave()), "signal-log"},
                         .start = {.nobody = nobody}});
        const pid_t child = ChildOf(cluster);
        cluster.WaitOut("start ");
        CHECK(Alive(child));
        CHECK(cluster.Stop() == Exited(143));
        CHECK(Contains(cluster.Out(), "got 15"));
        CHECK(!Alive(child));
    });
}

TEST_CASE("also one that has cleared its environment, and one that ignores TERM") {
    {
        Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"},
                         .command = {Behave(), "daemonize", "env", "-i", Behave(), "pause"}});
        const pid_t child = ChildOf(cluster);
        cluster.WaitOut("pausing");
        CHECK(cluster.Stop() == Exited(143));
        CHECK(!Alive(child));
    }
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "1"},
                     .command = {Behave(), "daemonize", Behave(), "ignore-term"}});
    const pid_t child = ChildOf(cluster);
    cluster.WaitOut("ignoring");
    CHECK(cluster.Stop() == Exited(143));
    CHECK(!Alive(child));
}

TEST_CASE("what a crashed worker leaves gets the stop signal before its slot starts again") {
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:0"},
         .command = {"/bin/sh", "-c",
                     "if [ $CLUSTERIZE_WORKER_ID = 1 ]; then exec " + Behave() + " daemonize " +
                         Behave() + " signal-log; fi; exec " + Behave() + " pause"}});
    const pid_t child = ChildOf(cluster);
    cluster.WaitOut("start ");
    cluster.WaitUp();
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    (void)cluster.WaitEvent("fork", With("id", 3));
    CHECK(!Alive(child));
    CHECK(Contains(cluster.Out(), "got 15"));
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("leftovers that ignore the stop signal are killed after a second, then the slot starts") {
    Cluster cluster(
        {.options = {"-n", "1", "-p", "127.0.0.1:0"},
         .command = {"/bin/sh", "-c",
                     "if [ $CLUSTERIZE_WORKER_ID = 1 ]; then exec " + Behave() + " daemonize " +
                         Behave() + " ignore-term; fi; exec " + Behave() + " pause"}});
    const pid_t child = ChildOf(cluster);
    cluster.WaitOut("ignoring");
    cluster.WaitUp();
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    (void)cluster.WaitEvent("exit");
    (void)cluster.WaitEvent("fork", With("id", 2));
    CHECK(!Alive(child));
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("a leftover of one worker is not that of another") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"},
                     .command = {Behave(), "daemonize", Behave(), "signal-log"}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 2; }));
    cluster.WaitUp();
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    (void)cluster.WaitOnline(3);
    CHECK(Count(cluster.Out(), "got 15 slot=0") == 1);
    CHECK(Count(cluster.Out(), "got 15 slot=1") == 0);
    CHECK(cluster.Stop() == Exited(143));
    CHECK(Count(cluster.Out(), "got 15 slot=1") == 1);
}

TEST_CASE("a daemon of a living worker survives the end of another one, though nothing of it shows "
          "whose it is") {
    const std::string behave = Behave();
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:0"},
         .command = {"/bin/sh", "-c",
                     "if [ $CLUSTERIZE_SLOT = 1 ]; then exec " + behave + " signal-log; fi; exec " +
                         behave + " daemonize /usr/bin/env -i " + behave + " signal-log"}});
    const pid_t daemon = ChildOf(cluster);
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 2; }));
    cluster.WaitUp();
    (void)kill(cluster.WaitOnline(2), SIGKILL);
    (void)cluster.WaitOnline(3); // the slot is clear, so all leftovers were looked for
    CHECK(Alive(daemon));
    CHECK(!Contains(cluster.Out(), "got 15"));
    (void)cluster.Stop();
    CHECK(!Alive(daemon));
}

TEST_CASE(
    "a helper that an entry script started before `exec clusterize` is left alone to the end") {
    const std::string behave = Behave();
    Process entry({.argv = {"/bin/sh", "-c",
                            behave + " signal-log & exec " + ClusterizePath() +
                                " -n 2 --restart always --ready exec -- /bin/sh -c "
                                "'[ $CLUSTERIZE_WORKER_ID != 1 ] || exit 3; echo worker "
                                "$CLUSTERIZE_WORKER_ID; exec sleep 1000'"}});
    entry.WaitOut("start ");
    entry.WaitOut("worker 3"); // the first one has ended, and its slot is clear
    CHECK(!Contains(entry.Out(), "got 15"));
    CHECK(entry.Stop() == Exited(143));
    CHECK(!Contains(entry.Out(), "got 15"));
    const auto left = entry.Leftovers();
    CHECK(left.size() == 1);
    for (const pid_t helper : left)
        (void)kill(helper, SIGKILL);
    CHECK(WaitFor([&] { return entry.Leftovers().empty(); }));
}

TEST_CASE("orphans of a living worker are left alone and reaped when they end") {
    Cluster cluster(
        {.options = {"-n", "1", "-p", "127.0.0.1:0"}, .command = {Behave(), "orphans", "20"}});
    cluster.WaitOut("orphans gone");
    CHECK(WaitFor([&] { return Zombies(cluster.Pid()).empty(); }));
    CHECK(Alive(cluster.WaitOnline(1)));
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("the launcher is killed with KILL: its workers get TERM") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "3", "-p", "127.0.0.1:0"},
                         .command = {Behave(), "signal-log"},
                         .start = {.nobody = nobody}});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 3; }));
        cluster.Signal(SIGKILL);
        CHECK(cluster.Wait() == Killed(SIGKILL));
        CHECK(WaitFor([&] { return cluster.Leftovers().empty(); }));
        CHECK(Count(cluster.Out(), "got 15") == 3);
    });
}

TEST_CASE("the same for workers of another user") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    Cluster cluster({.options = {"-n", "2", "--user", "65534:65534"},
                     .command = {Reachable(Behave()), "signal-log"}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 2; }));
    cluster.Signal(SIGKILL);
    CHECK(cluster.Wait() == Killed(SIGKILL));
    CHECK(WaitFor([&] { return cluster.Leftovers().empty(); }));
    CHECK(Count(cluster.Out(), "got 15") == 2);
}
