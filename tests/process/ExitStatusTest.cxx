// The table of exit statuses, row by row.

#include "Support.hxx"

#include <csignal>

using namespace process;

namespace {

Ended StatusOf(std::vector<std::string> arguments) {
    return RunClusterize(std::move(arguments), {.limits = {{RLIMIT_CORE, 0, 0}}}).ended;
}

/** Of a cluster that is stopped by TERM once all workers have said something. */
Ended Stopped(std::vector<std::string> options, std::vector<std::string> command) {
    Cluster cluster({.options = std::move(options), .command = std::move(command)});
    return StopServers(cluster);
}

} // namespace

TEST_CASE("125: clusterize's own failure") {
    CHECK(StatusOf({"--nonsense", "--", "true"}) == Exited(125));
    CHECK(StatusOf({}) == Exited(125));
    CHECK(StatusOf({"-n", "x", "--", "true"}) == Exited(125));
    CHECK(StatusOf({"--user", "no-such-user", "--", "true"}) == Exited(125));
    CHECK(StatusOf({"--chdir", "/no/such/directory", "--", "true"}) == Exited(125));
    const Fd other = ListenOn("127.0.0.1:0");
    CHECK(StatusOf({"-p", "127.0.0.1:" + std::to_string(PortOf(other.Get())), "--", "true"}) ==
          Exited(125));
}

TEST_CASE("126 and 127: the command") {
    const TempDir directory;
    CHECK(StatusOf({"--", directory.Write("plain", "text\n", 0644)}) == Exited(126));
    CHECK(StatusOf({"--", directory.Write("noexec", "\177ELF\n", 0755)}) == Exited(126));
    CHECK(StatusOf({"--", directory.Path()}) == Exited(126));
    CHECK(StatusOf({"--", directory / "absent"}) == Exited(127));
    CHECK(StatusOf({"--", "no-such-program-anywhere"}) == Exited(127));
    CHECK(StatusOf({"-n", "3", "-p", "127.0.0.1:0", "--", "no-such-program-anywhere"}) ==
          Exited(127));
    CHECK(StatusOf({"--", directory.Write("lost", "#!/no/such/interpreter\n", 0755)}) ==
          Exited(127));
}

TEST_CASE("jobs") {
    for (const int code : {0, 1, 2, 77, 124, 125, 126, 127, 128, 200, 255}) {
        INFO("status ", code);
        CHECK(StatusOf({"--", Behave(), "exit-with", std::to_string(code)}) == Exited(code));
    }
    for (const int signo : {SIGHUP, SIGINT, SIGABRT, SIGKILL, SIGSEGV, SIGTERM, SIGUSR1}) {
        INFO("signal ", signo);
        CHECK(StatusOf({"-n", "2", "--", Behave(), "die-by-signal", std::to_string(signo)}) ==
              Exited(128 + signo));
    }
}

TEST_CASE("boot failures") {
    const auto boot = [](const char *mode, int value) {
        return StatusOf(
            {"-n", "1", "-p", "127.0.0.1:0", "--", Behave(), mode, std::to_string(value)});
    };
    CHECK(boot("exit-with", 0) == Exited(1));
    CHECK(boot("exit-with", 1) == Exited(1));
    CHECK(boot("exit-with", 42) == Exited(42));
    CHECK(boot("die-by-signal", SIGSEGV) == Exited(128 + SIGSEGV));
    CHECK(boot("die-by-signal", SIGINT) == Exited(128 + SIGINT));
}

TEST_CASE("a stop that was asked for") {
    const std::vector<std::string> serve{"-n", "2", "-p", "127.0.0.1:0", "--stop-timeout", "1"};
    CHECK(Stopped(serve, {EchoServer()}) == Exited(0));
    CHECK(Stopped(serve, {Behave(), "pause"}) == Exited(143));
    CHECK(Stopped(serve, {Behave(), "ignore-term"}) == Exited(137));
    CHECK(Stopped({"-n", "1"}, {Behave(), "pause"}) == Exited(143));
    CHECK(Stopped({"-n", "1"}, {Behave(), "signal-log"}) == Exited(0));
}

TEST_CASE("the first that did not end with 0 decides a stop") {
    const TempDir directory;
    // Slot 1 fails with 3 at once, slot 0 later with 4.
    const std::string script = "trap 'if [ $CLUSTERIZE_SLOT = 1 ]; then exit 3; fi; while [ ! -e " +
                               directory / "go" +
                               " ]; do sleep 0.05; done; exit 4' TERM; echo trapped; " +
                               "while :; do sleep 1000 & wait $!; done";
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {"/bin/sh", "-c", script}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "trapped") == 2; }));
    cluster.Signal(SIGTERM);
    CHECK(cluster.WaitEvents("exit", 1)[0].Number("code") == 3);
    directory.Write("go", "");
    CHECK(cluster.Wait() == Exited(3));
}

TEST_CASE("a worker that crashed and was healed does not count in a later stop") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    (void)cluster.WaitOnline(3);
    REQUIRE(WaitFor([&] { return Contains(cluster.Out(), "id=3"); }));
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("INT from a process is no INT from the terminal") {
    Cluster cluster({.options = {"-n", "1"}, .command = {Behave(), "pause"}});
    cluster.WaitOut("pausing");
    cluster.Signal(SIGINT);
    CHECK(cluster.Wait() == Exited(143));
}

TEST_CASE("--help, --version and --list: 0, on standard output") {
    for (const std::vector<std::string> &words : {std::vector<std::string>{"--help"},
                                                  {"-h"},
                                                  {"--version"},
                                                  {"-V"},
                                                  {"--list", "options"}}) {
        const auto result = RunClusterize(words);
        CHECK(result.ended == Exited(0));
        CHECK(result.out != "");
        CHECK(result.err == "");
    }
}
