// What a terminal sends: Ctrl-C once and not twice, hang-up, job control.

#include "Support.hxx"

#include <csignal>
#include <unistd.h>

using namespace process;

namespace {

constexpr const char *CTRL_C = "\x03";
constexpr const char *CTRL_BACKSLASH = "\x1c";

} // namespace

TEST_CASE("Ctrl-C: each worker gets INT once, the launcher dies of INT itself") {
    for (const std::vector<std::string> &options :
         {std::vector<std::string>{"-n", "2"}, {"-n", "2", "-p", "127.0.0.1:0"}}) {
        Cluster cluster(
            {.options = options, .command = {Behave(), "signal-log"}, .start = {.terminal = true}});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 2; }));
        cluster.Type(CTRL_C);
        CHECK(cluster.Wait() == Killed(SIGINT));
        CHECK(Count(cluster.Out(), "got 2 slot=0") == 1);
        CHECK(Count(cluster.Out(), "got 2 slot=1") == 1);
        CHECK(Count(cluster.Out(), "got ") == 2);
        CHECK(cluster.Seen("restart").empty());
    }
}

TEST_CASE("Ctrl-C and workers that die of it: no restart, no boot failure") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"},
                     .command = {EchoServer(), "--die"},
                     .start = {.terminal = true}});
    cluster.WaitUp();
    cluster.Type(CTRL_C);
    CHECK(cluster.Wait() == Killed(SIGINT));
    CHECK(cluster.Seen("restart").empty());
    CHECK(cluster.Seen("fork").size() == 2);
    CHECK(cluster.Seen("stop").size() == 1);
}

TEST_CASE("Ctrl-\\") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"},
                     .command = {Behave(), "signal-log"},
                     .start = {.limits = {{RLIMIT_CORE, 0, 0}}, .terminal = true}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 2; }));
    cluster.Type(CTRL_BACKSLASH);
    CHECK(cluster.Wait() == Killed(SIGQUIT));
    CHECK(Count(cluster.Out(), "got 3 ") == 2);
    CHECK(Count(cluster.Out(), "got ") == 2);
}

TEST_CASE("Ctrl-C and a worker that ignores it: killed when the time is over") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "1"},
                     .command = {Behave(), "ignore-term"},
                     .start = {.terminal = true}});
    cluster.WaitOut("ignoring");
    const auto typed = Now();
    cluster.Type(CTRL_C);
    CHECK(cluster.Wait() == Killed(SIGINT));
    CHECK(SecondsSince(typed) >= 0.95);
    CHECK(cluster.WaitEvent("exit").Text("signal") == "SIGKILL");
}

TEST_CASE("Ctrl-C and a worker outside the foreground process group: it gets the stop signal") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--stop-timeout", "1h"},
                     .command = {"/bin/sh", "-c",
                                 "[ $CLUSTERIZE_SLOT = 0 ] || exec " + Behave() +
                                     " signal-log; exec setsid " + Behave() + " signal-log"},
                     .start = {.terminal = true}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 2; }));
    cluster.Type(CTRL_C);
    CHECK(cluster.Wait() == Killed(SIGINT));
    CHECK(Count(cluster.Out(), "got 15 slot=0") == 1);
    CHECK(Count(cluster.Out(), "got 2 slot=1") == 1);
    CHECK(Count(cluster.Out(), "got ") == 2);
}

TEST_CASE("Ctrl-C and a worker for which INT is not the end: the stop signal two seconds later") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "1h"},
                     .command = {"/bin/sh", "-c",
                                 "trap '' INT; trap 'echo clean; exit 0' TERM; echo trapped; "
                                 "while :; do sleep 0.05; done"},
                     .start = {.terminal = true}});
    cluster.WaitOut("trapped");
    const auto typed = Now();
    cluster.Type(CTRL_C);
    CHECK(cluster.Wait() == Killed(SIGINT));
    CHECK(SecondsSince(typed) > 1.9);
    CHECK(Count(cluster.Out(), "clean") == 1);
}

TEST_CASE("Ctrl-C where INT is the stop signal: once") {
    Cluster cluster(
        {.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-signal", "INT", "--stop-timeout", "3"},
         .command = {"/bin/sh", "-c",
                     "trap 'echo interrupted' INT; trap 'echo asked' TERM; "
                     "echo trapped; while :; do sleep 0.05; done"},
         .start = {.terminal = true}});
    cluster.WaitOut("trapped");
    cluster.Type(CTRL_C);
    CHECK(cluster.Wait() == Killed(SIGINT));
    CHECK(Count(cluster.Out(), "interrupted") == 1);
    CHECK(!Contains(cluster.Out(), "asked"));
}

TEST_CASE("Ctrl-C twice, a second apart: killed now") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "1h"},
                     .command = {Behave(), "ignore-term"},
                     .start = {.terminal = true}});
    cluster.WaitOut("ignoring");
    const auto typed = Now();
    cluster.Type(CTRL_C);
    (void)cluster.WaitEvent("stop");
    REQUIRE(WaitFor([&] { return SecondsSince(typed) > 1.2; }));
    cluster.Type(CTRL_C);
    CHECK(cluster.Wait() == Killed(SIGINT));
}

TEST_CASE("TERM in a terminal is an ordinary stop") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"},
                     .command = {EchoServer()},
                     .start = {.terminal = true}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 2; }));
    CHECK(StopServers(cluster) == Exited(0));
    CHECK(Count(cluster.Out(), "signal=15") == 2);
}

TEST_CASE("a loop of a shell ends with Ctrl-C") {
    Process shell(
        {.argv = {"bash", "-c", "for i in 1 2 3; do \"$0\" -n 1 -- \"$1\" pause; echo next; done",
                  ClusterizePath(), Behave()},
         .terminal = true});
    shell.WaitOut("pausing");
    shell.Type(CTRL_C);
    CHECK(shell.Wait() == Killed(SIGINT));
    CHECK(Count(shell.Out(), "pausing") == 1);
    CHECK(!Contains(shell.Out(), "next"));
}

TEST_CASE("the terminal hangs up: the cluster stops") {
    for (const std::vector<std::string> &options :
         {std::vector<std::string>{"-n", "2"}, {"-n", "2", "-p", "127.0.0.1:0"}}) {
        Cluster cluster(
            {.options = options, .command = {Behave(), "signal-log"}, .start = {.terminal = true}});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 2; }));
        cluster.HangUp();
        (void)cluster.Wait();
        CHECK(cluster.Seen("stop").size() == 1);
        CHECK(cluster.Seen("exit").size() == 2);
    }
}

TEST_CASE("a single worker reads what is typed") {
    Cluster cluster({.options = {"-n", "1"},
                     .command = {"/bin/sh", "-c", "echo reading; read line; echo \"read $line\""},
                     .start = {.terminal = true}});
    cluster.WaitOut("reading");
    cluster.Type("words\n");
    CHECK(cluster.Wait() == Exited(0));
    CHECK(Contains(cluster.Out(), "read words"));
}

TEST_CASE("Ctrl-Z and fg: suspended with all workers, and resumed") {
    // A shell with job control, for which its standard error has to be the terminal, has the
    // launcher in a process group of its own.
    Process shell(
        {.argv = {"bash", "-m", "-c",
                  "\"$0\" -n 2 -- \"$1\" pause; echo suspended $?; read line; fg; echo over $?",
                  ClusterizePath(), Behave()},
         .terminal = true,
         .prepare = [] { (void)dup2(STDIN_FILENO, STDERR_FILENO); }});
    REQUIRE(WaitFor([&] { return Count(shell.Out(), "pausing ") == 2; }));
    shell.Type("\x1a");
    shell.WaitOut("suspended 14"); // 128 and STOP or TSTP
    CHECK(WaitFor([&] { return CountStopped(shell.Pid()) == 3; }));
    shell.Type("\n");
    REQUIRE(WaitFor([&] { return CountStopped(shell.Pid()) == 0; }));
    shell.Type(CTRL_C);
    shell.Wait();
    CHECK(Count(shell.Out(), "pausing ") == 2);
}
