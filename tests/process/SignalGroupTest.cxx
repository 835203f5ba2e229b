// --signal-group: stop signals and forwarded ones go to the whole process group of a worker.

#include "Support.hxx"

#include <csignal>
#include <unistd.h>

using namespace process;

namespace {

constexpr const char *CTRL_C = "\x03";

/** A shell that does not forward signals, and waits for its child. */
const std::vector<std::string> SHELL = {"/bin/sh", "-c",
                                        "trap 'echo shell 10' USR1; trap 'echo shell 15' TERM; "
                                        "trap 'echo shell 2' INT; " +
                                            Behave() +
                                            " signal-log & while kill -0 $!; do wait $!; done"};

Setup Shells(std::vector<std::string> more = {}, bool terminal = false) {
    std::vector<std::string> options = {"-n", "2", "--signal-group", "--ready", "exec"};
    options.insert(options.end(), more.begin(), more.end());
    return {.options = options, .command = SHELL, .start = {.terminal = terminal}};
}

void WaitStarted(const Cluster &cluster) {
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 2; }));
}

void CheckGot(const Cluster &cluster, int signo) {
    const std::string number = std::to_string(signo);
    CHECK(Count(cluster.Out(), "got " + number + " slot=0") == 1);
    CHECK(Count(cluster.Out(), "got " + number + " slot=1") == 1);
    CHECK(Count(cluster.Out(), "shell " + number) == 2);
}

} // namespace

TEST_CASE("with --signal-group a forwarded signal and the stop signal reach the children, once") {
    for (const bool terminal : {false, true}) {
        INFO(terminal);
        Cluster cluster(Shells({}, terminal));
        WaitStarted(cluster);
        cluster.Signal(SIGUSR1);
        REQUIRE(WaitFor([&] {
            return Count(cluster.Out(), "got 10") == 2 && Count(cluster.Out(), "shell 10") == 2;
        }));
        cluster.Signal(SIGTERM);
        (void)cluster.Wait();
        CheckGot(cluster, SIGUSR1);
        CheckGot(cluster, SIGTERM);
        CHECK(Count(cluster.Out(), "got ") == 4);
    }
}

TEST_CASE("with --signal-group in a terminal: Ctrl-C reaches each group once, as INT") {
    Cluster cluster(Shells({"--stop-timeout", "1h"}, true));
    WaitStarted(cluster);
    for (const unsigned id : {1, 2}) {
        const pid_t worker = cluster.WaitOnline(id);
        CHECK(getpgid(worker) == worker);
        CHECK(getsid(worker) == getsid(cluster.Pid()));
    }
    cluster.Type(CTRL_C);
    CHECK(cluster.Wait() == Killed(SIGINT));
    CheckGot(cluster, SIGINT);
    CHECK(Count(cluster.Out(), "got ") == 2);
    CHECK(!Contains(cluster.Out(), "shell 15"));
}

TEST_CASE("with --signal-group a worker for which INT is not the end gets TERM two seconds later") {
    Cluster cluster({.options = {"-n", "1", "--signal-group", "--stop-timeout", "1h"},
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

TEST_CASE("with --signal-group in a terminal: Ctrl-Z suspends the children too") {
    // See TerminalTest.
    Process shell({.argv = {"bash", "-m", "-c",
                            "\"$0\" -n 2 --signal-group -- \"$1\" fork-wait \"$1\" pause; "
                            "echo suspended $?; read line; fg; echo over $?",
                            ClusterizePath(), Behave()},
                   .terminal = true,
                   .prepare = [] { (void)dup2(STDIN_FILENO, STDERR_FILENO); }});
    REQUIRE(WaitFor([&] { return Count(shell.Out(), "pausing ") == 2; }));
    shell.Type("\x1a");
    shell.WaitOut("suspended 14"); // 128 and STOP or TSTP
    CHECK(WaitFor([&] { return CountStopped(shell.Pid()) == 5; }));
    shell.Type("\n");
    REQUIRE(WaitFor([&] { return CountStopped(shell.Pid()) == 0; }));
    shell.Type(CTRL_C);
    shell.Wait();
}

TEST_CASE(
    "with --signal-group in a terminal: the command of --then stays in the launcher's group") {
    for (const bool keys : {true, false}) {
        INFO(keys);
        Cluster cluster({.options = {"-n", "1", "--signal-group", "--ready", "exec", "--then",
                                     "exec " + Behave() + " signal-log"},
                         .command = {"sleep", "1000"},
                         .start = {.terminal = true}});
        cluster.WaitOut("start ");
        for (const pid_t pid : Descendants(cluster.Pid()))
            if (StatusField(pid, "Name") == "behave")
                CHECK(getpgid(pid) == cluster.Pid());
        const auto has_witness = [&] {
            for (const pid_t pid : Descendants(cluster.Pid()))
                if (StatusField(pid, "Name") == "clusterize-hear")
                    return true;
            return false;
        };
        REQUIRE(WaitFor(has_witness));
        if (keys)
            cluster.Type(CTRL_C);
        else
            (void)kill(-cluster.Pid(), SIGTERM);
        CHECK(cluster.Wait() == (keys ? Killed(SIGINT) : Exited(143)));
        CHECK(Count(cluster.Out(), keys ? "got 2" : "got 15") == 1);
        CHECK(Count(cluster.Out(), "got ") == 1);
    }
}

TEST_CASE(
    "with --signal-group USR1 for --output FILE goes to a main process that handles it alone") {
    const TempDir directory;
    Cluster cluster(Shells({"--output", directory / "{slot}"}));
    const auto said = [&](const std::string &text) {
        return Count(ReadFile(directory / "0") + ReadFile(directory / "1"), text);
    };
    REQUIRE(WaitFor([&] { return said("start ") == 2; }));
    cluster.Signal(SIGUSR1);
    REQUIRE(WaitFor([&] { return said("shell 10") == 2; }));
    cluster.Signal(SIGTERM);
    (void)cluster.Wait();
    CHECK(said("got 10") == 0);
    CHECK(said("got 15") == 2);
}
