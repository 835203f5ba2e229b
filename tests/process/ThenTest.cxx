// --then: a command for which the cluster is there.

#include "Support.hxx"

#include <csignal>

using namespace process;

namespace {

/** `who` of whichever worker answers, from a shell, without a client of ours. */
constexpr const char *ASK_WHO =
    "exec 3<>/dev/tcp/127.0.0.1/$PORT; echo who >&3; read -r line <&3; echo \"$line\"";

std::string InBash(const std::string &script) {
    return "exec bash -c '" + script + "'";
}

} // namespace

TEST_CASE("it runs when the cluster is up, and its status is that of the launcher") {
    AsEveryone([](bool nobody) {
        for (const int status : {0, 7}) {
            const auto result =
                RunClusterize({"-n", "2", "-p", "127.0.0.1:0", "--ready", "100ms", "--then",
                               InBash(std::string(ASK_WHO) + "; exit " + std::to_string(status)),
                               "--", Reachable(EchoServer())},
                              {.nobody = nobody});
            CHECK(result.ended == Exited(status));
            CHECK(Contains(result.out, "generation=1"));
            CHECK(Contains(result.err, "stopping: the command of --then has ended"));
        }
    });
}

TEST_CASE("workers that end badly when the command has ended do not count") {
    const auto result = RunClusterize(
        {"-n", "2", "--then", "true", "--stop-timeout", "1", "--", Behave(), "ignore-term"});
    CHECK(result.ended == Exited(0));
    CHECK(Contains(result.err, "SIGKILL"));
}

TEST_CASE("it finds PORT and what names the cluster, and not what is a worker's") {
    const auto result =
        RunClusterize({"-n", "2", "-p", "127.0.0.1:0", "-l", "udp:127.0.0.1:0", "--env", "MINE=1",
                       "--then", "env; echo cut; env | grep -c CLUSTERIZE_", "--", EchoServer()},
                      {.env = {{"CLUSTERIZE_STOP_TIMEOUT", "9"}, {"YOURS", "2"}}});
    CHECK(result.ended == Exited(0));
    CHECK(Contains(result.out, "\nPORT="));
    CHECK(Contains(result.out, "\nYOURS=2\n"));
    CHECK(Contains(result.out, "CLUSTERIZE_WORKER_COUNT=2\n"));
    CHECK(Contains(result.out, "CLUSTERIZE_PID="));
    CHECK(Contains(result.out, "CLUSTERIZE_RUN="));
    CHECK(Contains(result.out, "cut\n3\n"));
    CHECK(!Contains(result.out, "MINE"));
    CHECK(!Contains(result.out, "LISTEN_"));
}

TEST_CASE("standard input is the command's") {
    const auto result = RunClusterize({"-n", "1", "--ready", "exec", "--then", "cat", "--",
                                       "/bin/sh", "-c", "cat >&2; exec " + Behave() + " pause"},
                                      {.input = "words\n"});
    CHECK(result.ended == Exited(0));
    CHECK(Contains(result.out, "words\n"));
    CHECK(!Contains(result.err, "words"));
}

TEST_CASE("a cluster that never comes up is 125, and the command is not run") {
    for (const std::vector<std::string> &command :
         {std::vector<std::string>{"false"}, {"true"}, {"/not/there"}}) {
        std::vector<std::string> arguments = {"-n",     "2",        "-p", "127.0.0.1:0",
                                              "--then", "echo ran", "--"};
        arguments.insert(arguments.end(), command.begin(), command.end());
        const auto result = RunClusterize(arguments);
        CHECK(result.ended == Exited(125));
        CHECK(result.out == "");
        CHECK(Count(result.err, "the cluster never came up") == 1);
    }
}

TEST_CASE("an image without sh: 127, and not that the cluster never came up") {
    const TempDir directory;
    if (Run({.argv = {"unshare", "-m", "true"}}).ended != Exited(0))
        HARNESS_SKIP("no mount namespace can be made");
    const auto result = Run({.argv = {"unshare", "-m", "sh", "-c",
                                      "mount --bind \"$1\" /bin && exec \"$0\" -n 1 -p 127.0.0.1:0 "
                                      "--ready exec --then true -- \"$2\"",
                                      ClusterizePath(), directory.Path(), EchoServer()}});
    CHECK(result.ended == Exited(127));
    CHECK(Contains(result.err, "--then: cannot start 'sh'"));
    CHECK(!Contains(result.err, "never came up"));
}

TEST_CASE("under set -e a shell script goes on, or ends") {
    const auto script = [](const std::string &then) {
        return Run({.argv = {"sh", "-ec",
                             "\"$0\" -n 1 -p 127.0.0.1:0 --ready exec --then '" + then +
                                 "' -- \"$1\"; echo next",
                             ClusterizePath(), EchoServer()}});
    };
    const auto good = script("exit 0");
    CHECK(good.ended == Exited(0));
    CHECK(Contains(good.out, "next\n"));
    const auto bad = script("exit 7");
    CHECK(bad.ended == Exited(7));
    CHECK(!Contains(bad.out, "next"));
}

TEST_CASE("a worker that dies meanwhile is replaced, and the command goes on") {
    const TempDir directory;
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--ready", "100ms", "--then",
                                 "echo begun; " + Behave() + " exit-with 3 " + directory / "go"},
                     .command = {EchoServer()}});
    cluster.WaitOut("begun");
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    (void)cluster.WaitOnline(3);
    CHECK(!cluster.HasEnded());
    directory.Write("go", "");
    CHECK(cluster.Wait() == Exited(3));
}

TEST_CASE("a cluster that cannot live ends the command, and the status is not 0") {
    // Both workers serve once, their replacements cannot.
    const TempDir directory;
    const std::string worker = "test -e " + directory / "broken" + " && exit 9; exec " + Behave() +
                               " exit-with 9 " + directory / "broken";
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:0", "--ready", "100ms", "--max-restarts", "1/1h",
                     "--then", "echo begun; exec " + Behave() + " signal-log"},
         .command = {"/bin/sh", "-c", worker}});
    cluster.WaitOut("start ");
    directory.Write("broken", "");
    CHECK(cluster.Wait() == Exited(9));
    CHECK(cluster.Seen("failed").size() == 2);
    CHECK(Contains(cluster.Out(), "got 15"));
}

TEST_CASE("workers that end and are not replaced end the command, and the status is not 0") {
    const TempDir directory;
    Cluster cluster({.options = {"-n", "1", "--ready", "exec", "--restart", "no", "--then",
                                 "exec " + Behave() + " signal-log"},
                     .command = {Behave(), "exit-with", "0", directory / "go"}});
    cluster.WaitOut("start ");
    directory.Write("go", "");
    CHECK(cluster.Wait() == Exited(1));
    CHECK(Contains(cluster.Out(), "got 15"));
    CHECK(Contains(cluster.Err(), "no worker is left"));
}

TEST_CASE("TERM ends both, and is never a success") {
    for (const char *command : {"echo begun; sleep 1000; true", "echo begun; exec sleep 1000",
                                "trap \"exit 0\" TERM; echo begun; while :; do sleep 0.1; done"}) {
        Cluster cluster(
            {.options = {"-n", "2", "-p", "127.0.0.1:0", "--ready", "100ms", "--then", command},
             .command = {EchoServer()}});
        cluster.WaitOut("begun");
        CHECK(cluster.Stop() == Exited(143));
        CHECK(cluster.Seen("exit").size() == 2);
    }
}

TEST_CASE("TERM before it is up: the command is not run") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--then", "echo ran"},
                     .command = {"sleep", "1000"}});
    (void)cluster.WaitOnline(1);
    CHECK(cluster.Stop() == Exited(143));
    CHECK(cluster.Out() == "");
}

TEST_CASE("a command that ignores TERM is killed when the time is over") {
    Cluster cluster({.options = {"-n", "1", "--ready", "exec", "--stop-timeout", "1", "--then",
                                 "exec " + Behave() + " ignore-term"},
                     .command = {"sleep", "1000"}});
    cluster.WaitOut("ignoring");
    CHECK(cluster.Stop() == Exited(137));
}

TEST_CASE("Ctrl-C reaches both once, and the launcher dies of it") {
    Cluster cluster(
        {.options = {"-n", "1", "--ready", "exec", "--then", "exec " + Behave() + " signal-log"},
         .command = {"sleep", "1000"},
         .start = {.terminal = true}});
    cluster.WaitOut("start ");
    cluster.Type("\x03");
    CHECK(cluster.Wait() == Killed(SIGINT));
    CHECK(Count(cluster.Out(), "got 2") == 1);
    CHECK(Count(cluster.Out(), "got ") == 1);
}

TEST_CASE("what the command leaves behind is ended") {
    const auto result =
        RunClusterize({"-n", "1", "--ready", "exec", "--then",
                       "setsid " + Behave() + " ignore-term & exit 4", "--", "sleep", "1000"});
    CHECK(result.ended == Exited(4));
}

TEST_CASE("the launcher is killed: the command is ended as the workers are") {
    // Later than the watcher is there.
    Cluster cluster(
        {.options = {"-n", "1", "--ready", "300ms", "--then",
                     "setsid " + Behave() + " signal-log & exec " + Behave() + " signal-log"},
         .command = {Behave(), "signal-log"}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 3; }));
    cluster.Signal(SIGKILL);
    CHECK(cluster.Wait() == Killed(SIGKILL));
    CHECK(WaitFor([&] { return cluster.Leftovers().empty(); }));
    CHECK(Count(cluster.Out(), "got 15") == 3);
}

TEST_CASE("with --jobs, or empty, it is refused") {
    CheckRefused(RunClusterize({"--jobs", "--then", "true", "--", "true"}), 125,
                 {"--jobs", "--then"});
    CheckRefused(RunClusterize({"--then", " ", "--", "true"}), 125, {"--then", "sh -c"});
}
