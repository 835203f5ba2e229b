// Signals to the launcher: forwarded once, never twice; what a worker starts with.

#include "Support.hxx"

#include <csignal>
#include <string>

using namespace process;

namespace {

void WaitStarted(const Process &cluster, size_t workers) {
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == workers; }));
}

unsigned long long Bits(const std::string &hexadecimal) {
    return std::stoull(hexadecimal, nullptr, 16);
}

unsigned long long Bit(int signo) {
    return 1ULL << (signo - 1);
}

} // namespace

TEST_CASE("forwardable signals reach each worker once") {
    for (const std::vector<std::string> &options :
         {std::vector<std::string>{"-n", "2"}, {"-n", "2", "-p", "127.0.0.1:0"}}) {
        AsEveryone([&options](bool nobody) {
            Cluster cluster({.options = options,
                             .command = {Behave(), "signal-log"},
                             .start = {.nobody = nobody}});
            WaitStarted(cluster, 2);
            for (const int signo : {SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM, SIGURG, SIGIO, SIGVTALRM,
                                    SIGPROF, SIGRTMIN, SIGRTMIN + 5, SIGRTMAX}) {
                INFO("signal ", signo);
                cluster.Signal(signo);
                const std::string got = "got " + std::to_string(signo) + " ";
                REQUIRE(WaitFor([&] { return Count(cluster.Out(), got) >= 2; }));
            }
            CHECK(StopServers(cluster) == Exited(0));
            for (const int signo : {SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM, SIGURG, SIGIO, SIGVTALRM,
                                    SIGPROF, SIGRTMIN, SIGRTMIN + 5, SIGRTMAX, SIGTERM}) {
                INFO("signal ", signo);
                const std::string got = "got " + std::to_string(signo) + " slot=";
                CHECK(Count(cluster.Out(), got + "0") == 1);
                CHECK(Count(cluster.Out(), got + "1") == 1);
            }
            CHECK(Count(cluster.Out(), "got ") == 24);
        });
    }
}

TEST_CASE("a signal sent several times is forwarded as often as it arrives") {
    Cluster cluster(
        {.options = {"-n", "1", "-p", "127.0.0.1:0"}, .command = {Behave(), "signal-log"}});
    WaitStarted(cluster, 1);
    for (size_t i = 1; i <= 5; ++i) {
        cluster.Signal(SIGUSR1);
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "got 10 ") == i; }));
    }
    // Real-time signals queue.
    for (size_t i = 1; i <= 5; ++i)
        cluster.Signal(SIGRTMIN + 2);
    const std::string got = "got " + std::to_string(SIGRTMIN + 2) + " ";
    CHECK(WaitFor([&] { return Count(cluster.Out(), got) == 5; }));
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("a forwarded signal goes to the main process of a worker only") {
    Cluster cluster({.options = {"-n", "1"},
                     .command = {"/bin/sh", "-c",
                                 "trap 'echo shell' USR1; " + Behave() +
                                     " signal-log & while :; do wait; done"}});
    cluster.WaitOut("start ");
    cluster.Signal(SIGUSR1);
    cluster.WaitOut("shell");
    CHECK(!Contains(cluster.Out(), "got 10"));
    cluster.Signal(SIGTERM);
    CHECK(cluster.Wait() == Exited(143));
    CHECK(!Contains(cluster.Out(), "got 10"));
}

TEST_CASE("HUP stops jobs, and is forwarded to servers while there is no reload") {
    Cluster jobs({.options = {"-n", "2"}, .command = {Behave(), "signal-log"}});
    WaitStarted(jobs, 2);
    jobs.Signal(SIGHUP);
    CHECK(jobs.Wait() == Exited(0));
    CHECK(Count(jobs.Out(), "got 15") == 2);
    CHECK(jobs.WaitEvent("stop").Text("signal") == "SIGHUP");

    Cluster servers(
        {.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {Behave(), "signal-log"}});
    WaitStarted(servers, 2);
    servers.Signal(SIGHUP);
    REQUIRE(WaitFor([&] { return Count(servers.Out(), "got 1 ") == 2; }));
    CHECK(servers.Stop() == Exited(0));
    CHECK(Count(servers.Out(), "got 1 ") == 2);
}

TEST_CASE("nothing that concerns the launcher alone is forwarded") {
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {Behave(), "signal-log"}});
    WaitStarted(cluster, 2);
    for (const int signo : {SIGCHLD, SIGCONT, SIGPIPE})
        cluster.Signal(signo);
    cluster.Signal(SIGUSR1);
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "got 10") == 2; }));
    CHECK(Count(cluster.Out(), "got 17 ") == 0);
    CHECK(Count(cluster.Out(), "got 13 ") == 0);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("workers start with every signal at its default and nothing blocked") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"},
                         .command = {Behave(), "signal-log"},
                         .start = {.nobody = nobody,
                                   .blocked = {SIGUSR1, SIGTERM, SIGCHLD, SIGINT, SIGRTMIN + 3}}});
        WaitStarted(cluster, 2);
        for (const auto &line : Lines(cluster.Out())) {
            CHECK(Bits(Field(line, "ignored")) == 0);
            CHECK(Bits(Field(line, "blocked")) == 0);
        }
        // And the launcher hears what it started with blocked.
        CHECK(StopServers(cluster) == Exited(0));
        CHECK(Count(cluster.Out(), "got 15") == 2);
    });
}

TEST_CASE("what was ignored at the start stays so: nohup") {
    Cluster cluster({.options = {"-n", "1"},
                     .command = {Behave(), "signal-log"},
                     .start = {.ignored = {SIGHUP, SIGUSR2}}});
    WaitStarted(cluster, 1);
    CHECK(Bits(Field(cluster.Out(), "ignored")) == (Bit(SIGHUP) | Bit(SIGUSR2)));
    // The launcher itself does not care about a HUP either, though it runs jobs.
    cluster.Signal(SIGHUP);
    cluster.Signal(SIGUSR1);
    cluster.WaitOut("got 10");
    CHECK(cluster.Seen("stop").empty());
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("an ignored INT, as in a shell's background, stops nothing") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"},
                     .command = {Behave(), "signal-log"},
                     .start = {.ignored = {SIGINT, SIGQUIT}}});
    WaitStarted(cluster, 1);
    cluster.Signal(SIGINT);
    cluster.Signal(SIGUSR1);
    cluster.WaitOut("got 10");
    CHECK(cluster.Seen("stop").empty());
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("SIGCHLD ignored at the start: workers are waited for all the same") {
    const auto result =
        RunClusterize({"-n", "2", "--", Behave(), "exit-with", "4"}, {.ignored = {SIGCHLD}});
    CHECK(result.ended == Exited(4));
}

TEST_CASE("TSTP suspends the workers and the launcher, CONT resumes both") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 2; }));
    cluster.Signal(SIGTSTP);
    const pid_t one = cluster.WaitOnline(1);
    const pid_t two = cluster.WaitOnline(2);
    REQUIRE(WaitFor([&] { return State(cluster.Pid()) == 'T'; }));
    CHECK(WaitFor([&] { return State(one) == 'T' && State(two) == 'T'; }));
    cluster.Signal(SIGCONT);
    REQUIRE(WaitFor(
        [&] { return State(one) != 'T' && State(two) != 'T' && State(cluster.Pid()) != 'T'; }));
    CHECK(Field(Ask(cluster.Address(), "who"), "generation") == "1");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("time spent suspended counts for no timeout") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "3s"},
                     .command = {EchoServer(), "--slow", "1000"}});
    cluster.WaitOut("serving");
    cluster.Signal(SIGTERM);
    cluster.WaitOut("stopping");
    cluster.Signal(SIGTSTP);
    REQUIRE(WaitFor([&] { return State(cluster.Pid()) == 'T'; }));
    const auto suspended = Now();
    REQUIRE(WaitFor([&] { return SecondsSince(suspended) > 3.2; }));
    cluster.Signal(SIGCONT);
    CHECK(cluster.Wait() == Exited(0)); // 137 if the timeout had gone on
}
