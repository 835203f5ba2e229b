// The launcher is killed with KILL: the watcher ends what is left of the cluster.

#include "Support.hxx"

#include <algorithm>
#include <csignal>
#include <unistd.h>

using namespace process;

namespace {

/** Kills the launcher; all that was below it is gone, in the end. */
void KillLauncher(Cluster &cluster) {
    const std::vector<pid_t> all = Descendants(cluster.Pid());
    cluster.Signal(SIGKILL);
    CHECK(cluster.Wait() == Killed(SIGKILL));
    CHECK(WaitFor([&] { return std::none_of(all.begin(), all.end(), Alive); }));
    CHECK(WaitFor([&] { return cluster.Leftovers().empty(); }));
}

/** A worker with a child in a session of its own and one with nothing in its environment. */
std::vector<std::string> Family() {
    const std::string behave = Reachable(Behave());
    return {"/bin/sh", "-c",
            "setsid " + behave + " signal-log & env -i " + behave + " signal-log & exec " + behave +
                " signal-log"};
}

} // namespace

TEST_CASE("workers, a child with a session of its own, and one without an environment get TERM") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--stop-timeout", "1h"},
                         .command = Family(),
                         .start = {.nobody = nobody}});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 6; }));
        (void)WaitWatcher(cluster);
        KillLauncher(cluster);
        CHECK(Count(cluster.Out(), "got 15") == 6);
    });
}

TEST_CASE("the same in a terminal, where the workers are in the launcher's process group") {
    Cluster cluster({.options = {"-n", "2", "--stop-timeout", "1h"},
                     .command = Family(),
                     .start = {.terminal = true}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 6; }));
    (void)WaitWatcher(cluster);
    KillLauncher(cluster);
    // With the session's leader gone the kernel hangs up as well, and that may be first.
    CHECK(Count(cluster.Out(), "got ") >= 6);
}

TEST_CASE("what ignores TERM is killed when the stop timeout is over") {
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:0", "--stop-timeout", "1"},
         .command = {"/bin/sh", "-c",
                     "setsid " + Behave() + " ignore-term & exec " + Behave() + " ignore-term"}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "ignoring") == 4; }));
    (void)WaitWatcher(cluster);
    const auto before = Now();
    KillLauncher(cluster);
    CHECK(SecondsSince(before) >= 0.95);
}

TEST_CASE("workers of another user") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    Cluster cluster({.options = {"-n", "2", "--user", "65534:65534", "--stop-timeout", "1h"},
                     .command = Family()});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 6; }));
    (void)WaitWatcher(cluster);
    KillLauncher(cluster);
    CHECK(Count(cluster.Out(), "got 15") == 6);
}

TEST_CASE("the processes of an nginx whose master is killed with the launcher") {
    if (access("/usr/sbin/nginx", X_OK) != 0)
        HARNESS_SKIP("there is no nginx");
    // They write over their environment, and have no parent any more.
    const TempDir directory;
    const unsigned port = FreePort();
    directory.Write("nginx.conf",
                    "daemon off; worker_processes 2; events {} http { access_log off; "
                    "server { listen 127.0.0.1:" +
                        std::to_string(port) + "; } }");
    Cluster cluster(
        {.options = {"-n", "1", "-l", "127.0.0.1:" + std::to_string(port), "--contract", "nginx",
                     "--stop-timeout", "1h"},
         .command = {"/usr/sbin/nginx", "-p", directory.Path(), "-c", directory / "nginx.conf",
                     "-e", "stderr", "-g", "pid " + directory / "pid" + ";"}});
    const pid_t master = cluster.WaitOnline(1);
    REQUIRE(WaitFor([&] { return Children(master).size() == 2; }));
    (void)WaitWatcher(cluster);
    const std::vector<pid_t> all = Descendants(cluster.Pid());
    (void)kill(master, SIGSTOP); // it shall not tell its own
    cluster.Signal(SIGKILL);
    (void)kill(master, SIGKILL);
    CHECK(cluster.Wait() == Killed(SIGKILL));
    CHECK(WaitFor([&] { return std::none_of(all.begin(), all.end(), Alive); }));
}

TEST_CASE("it has a session, no descriptor but one, and takes no signal but KILL") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    const pid_t watcher = WaitWatcher(cluster);
    REQUIRE(WaitFor([&] { return Descriptors(watcher).size() == 1; }));
    CHECK(getsid(watcher) == watcher);
    CHECK(Descriptors(watcher).begin()->second.starts_with("pipe:"));
    for (const int signo : {SIGTERM, SIGINT, SIGHUP, SIGQUIT})
        (void)kill(watcher, signo);
    CHECK(Ask(cluster.Address(), "words") == "words");
    CHECK(Alive(watcher));
    CHECK(cluster.Stop() == Exited(0));
    CHECK(!Alive(watcher));
}

TEST_CASE("one that is killed is replaced, and the cluster does not notice") {
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:0", "--stop-timeout", "1h"}, .command = Family()});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 6; }));
    const pid_t first = WaitWatcher(cluster);
    (void)kill(first, SIGKILL);
    (void)WaitWatcher(cluster, first);
    cluster.WaitErr("the watcher was ended from outside");
    CHECK(cluster.Seen("exit").empty());
    CHECK(Zombies(cluster.Pid()).empty());
    KillLauncher(cluster);
    CHECK(Count(cluster.Out(), "got 15") == 6);
}

TEST_CASE("a worker that replaced another is watched too") {
    Cluster cluster(
        {.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "1h"},
         .command = {"/bin/sh", "-c",
                     "env -i " + Behave() + " signal-log & exec " + Behave() + " signal-log"}});
    cluster.WaitUp();
    (void)WaitWatcher(cluster);
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    (void)cluster.WaitOnline(2);
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 4; }));
    KillLauncher(cluster);
}

TEST_CASE("the same command, started again, waits for what a killed launcher left behind") {
    const TempDir directory;
    const std::string marker = directory.Write("first", "");
    const std::string port = "127.0.0.1:" + std::to_string(FreePort());
    const Setup again = {.options = {"-n", "1", "-p", port, "--stop-timeout", "2s"},
                         .command = {"/bin/sh", "-c",
                                     "if rm " + marker + "; then exec " + Behave() +
                                         " ignore-term; else exec " + EchoServer() + "; fi"},
                         .events = false};
    Cluster first(again);
    REQUIRE(WaitFor([&] { return Count(first.Out(), "ignoring") == 1; }));
    (void)WaitWatcher(first);
    first.Signal(SIGKILL);
    CHECK(first.Wait() == Killed(SIGKILL));
    // Another command does not wait.
    CheckRefused(RunClusterize({"-p", port, "--", EchoServer()}), 125, {"in use"});
    Cluster next(again);
    REQUIRE(WaitFor([&] { return Count(next.Out(), "serving ") == 1; }));
    CHECK(Contains(next.Err(), "; waiting for the end of a cluster whose launcher was killed"));
    CHECK(next.Stop() == Exited(0));
}

TEST_CASE("TERM ends a start that waits") {
    const std::string port = "127.0.0.1:" + std::to_string(FreePort());
    const Setup again = {
        .options = {"-n", "1", "-p", port, "--ready", "exec", "--stop-timeout", "1h"},
        .command = {Behave(), "ignore-term"},
        .events = false};
    Cluster first(again);
    REQUIRE(WaitFor([&] { return Count(first.Out(), "ignoring") == 1; }));
    (void)WaitWatcher(first);
    const std::vector<pid_t> all = Descendants(first.Pid());
    first.Signal(SIGKILL);
    CHECK(first.Wait() == Killed(SIGKILL));
    Cluster next(again);
    REQUIRE(WaitFor([&] { return Contains(next.Err(), "; waiting for"); }));
    next.Signal(SIGTERM);
    CHECK(next.Wait() == Exited(0));
    for (const pid_t pid : all)
        (void)kill(pid, SIGKILL);
    CHECK(WaitFor([&] { return first.Leftovers().empty(); }));
}

TEST_CASE("the directory of the notify sockets is removed when nothing is left") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--ready", "notify"},
                         .command = {Reachable(Behave()), "pause"},
                         .start = {.nobody = nobody}});
        const std::string name = Environment(cluster.WaitOnline(2)).at("NOTIFY_SOCKET");
        const std::string directory = name.substr(0, name.rfind('/'));
        REQUIRE(access(directory.c_str(), F_OK) == 0);
        (void)WaitWatcher(cluster);
        KillLauncher(cluster);
        CHECK(WaitFor([&] { return access(directory.c_str(), F_OK) != 0; }));
    });
}

TEST_CASE("PID 1 has none") {
    if (!IsRoot())
        HARNESS_SKIP("a PID namespace needs root");
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"},
                     .command = {EchoServer()},
                     .start = {.pid_namespace = true}});
    cluster.WaitUp(); // long after a watcher would be there
    for (const pid_t pid : Descendants(cluster.Pid()))
        CHECK(StatusField(pid, "Name") != WATCHER);
    CHECK(cluster.Stop() == Exited(0));
}
