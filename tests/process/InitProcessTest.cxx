// As process 1 of a PID namespace, the entry point of a container.

#include "Support.hxx"

#include <csignal>
#include <functional>

using namespace process;

namespace {

/** The same with and without privileges; nothing without root, which makes the namespace. */
void AsInit(const std::function<void(Start)> &body) {
    for (const bool nobody : {false, true})
        body({.nobody = nobody, .pid_namespace = true});
}

} // namespace

TEST_CASE("TERM works, and the status is that of the workers") {
    if (!IsRoot())
        HARNESS_SKIP("a PID namespace needs root");
    AsInit([](Start start) {
        Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"},
                         .command = {EchoServer()},
                         .start = start});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 2; }));
        CHECK(Ask(cluster.Address(), "env CLUSTERIZE_PID") == "1");
        CHECK(StopServers(cluster) == Exited(0));
    });
}

TEST_CASE("workers are healed") {
    if (!IsRoot())
        HARNESS_SKIP("a PID namespace needs root");
    AsInit([](Start start) {
        Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"},
                         .command = {EchoServer()},
                         .start = start});
        cluster.WaitUp();
        const pid_t here = PidHere(cluster.Pid(), cluster.WaitOnline(1));
        REQUIRE(here > 0);
        (void)kill(here, SIGKILL);
        WaitReady(cluster, 3);
        CHECK(StopServers(cluster) == Exited(0));
    });
}

TEST_CASE("orphans are adopted, and reaped when they end") {
    if (!IsRoot())
        HARNESS_SKIP("a PID namespace needs root");
    AsInit([](Start start) {
        Cluster cluster(
            {.options = {"-n", "2"}, .command = {Behave(), "orphans", "30"}, .start = start});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "orphans gone") == 2; }));
        CHECK(WaitFor([&] { return Zombies(cluster.Pid()).empty(); }));
        CHECK(Descendants(cluster.Pid()).size() == 2);
        CHECK(cluster.Stop() == Exited(143));
    });
}

TEST_CASE("a process that somebody else started in the container is reaped too") {
    if (!IsRoot())
        HARNESS_SKIP("a PID namespace needs root");
    Cluster cluster({.options = {"-n", "1"},
                     .command = {Behave(), "daemonize", "/bin/sh", "-c", "sh -c 'exit 3' & exit 0"},
                     .start = {.pid_namespace = true}});
    (void)cluster.WaitOnline(1);
    cluster.WaitOut("child ");
    CHECK(WaitFor([&] { return Descendants(cluster.Pid()).size() == 1; }));
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("INT, even from a terminal, gives a status: process 1 cannot die of it") {
    if (!IsRoot())
        HARNESS_SKIP("a PID namespace needs root");
    {
        Cluster cluster({.options = {"-n", "2"},
                         .command = {Behave(), "signal-log"},
                         .start = {.pid_namespace = true, .terminal = true}});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 2; }));
        cluster.Type("\x03");
        CHECK(cluster.Wait() == Exited(0));
        CHECK(Count(cluster.Out(), "got 2 ") == 2);
    }
    Cluster cluster({.options = {"-n", "2"},
                     .command = {Behave(), "pause"},
                     .start = {.pid_namespace = true, .terminal = true}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "pausing ") == 2; }));
    cluster.Type("\x03");
    CHECK(cluster.Wait() == Exited(130));
}

TEST_CASE("the terminal cannot suspend process 1") {
    if (!IsRoot())
        HARNESS_SKIP("a PID namespace needs root");
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"},
                     .command = {EchoServer()},
                     .start = {.pid_namespace = true, .terminal = true}});
    cluster.WaitOut("serving");
    cluster.Type("\x1a");
    cluster.Signal(SIGUSR2);
    cluster.WaitOut("stopping");
    CHECK(State(cluster.Pid()) != 'T');
    cluster.Signal(SIGQUIT);
    (void)cluster.Wait();
}

TEST_CASE("statuses of jobs, boot failures and kills") {
    if (!IsRoot())
        HARNESS_SKIP("a PID namespace needs root");
    AsInit([](Start start) {
        start.limits = {{RLIMIT_CORE, 0, 0}};
        CHECK(RunClusterize({"--", "true"}, start).ended == Exited(0));
        CHECK(RunClusterize({"-n", "2", "--", "/bin/sh", "-c", "exit 6"}, start).ended ==
              Exited(6));
        CHECK(RunClusterize({"--", Reachable(Behave()), "die-by-signal", "15"}, start).ended ==
              Exited(143));
        CHECK(RunClusterize({"-p", "127.0.0.1:0", "--", "/bin/sh", "-c", "exit 6"}, start).ended ==
              Exited(6));
        CHECK(RunClusterize({"--", "/no/such/program"}, start).ended == Exited(127));
        CHECK(RunClusterize({"-n", "0", "--", "true"}, start).ended == Exited(125));
    });
}

TEST_CASE("nothing of a container is left when its process 1 ends, whatever it was") {
    if (!IsRoot())
        HARNESS_SKIP("a PID namespace needs root");
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "1"},
                     .command = {Behave(), "daemonize", Behave(), "signal-log"},
                     .start = {.pid_namespace = true}});
    cluster.WaitOut("start ");
    CHECK(cluster.Stop() == Exited(143));
    CHECK(Contains(cluster.Out(), "got 15")); // and not by the kernel's KILL
}
