// TERM and QUIT: the stop signal once, KILL when the time is over, --stop-delay, the status.

#include "Support.hxx"

#include <csignal>

using namespace process;

TEST_CASE("TERM: every worker gets TERM once, the port is closed, the status is theirs") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "3", "-p", "127.0.0.1:0"},
                         .command = {Behave(), "signal-log"},
                         .start = {.nobody = nobody}});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 3; }));
        const std::string address = cluster.Address();
        cluster.Signal(SIGTERM);
        CHECK(cluster.Wait() == Exited(0));
        CHECK(Count(cluster.Out(), "got 15") == 3);
        CHECK(Count(cluster.Out(), "got ") == 3);
        const auto stop = cluster.WaitEvent("stop");
        CHECK(stop.Text("signal") == "SIGTERM");
        CHECK(cluster.Seen("stop").size() == 1);
        for (const auto &exit : cluster.Seen("exit")) {
            CHECK(exit.Number("code") == 0);
            CHECK(exit.Flag("exitedAfterDisconnect"));
        }
        CHECK(cluster.Seen("exit").size() == 3);
        CHECK(cluster.Seen("restart").empty());
        CHECK(IsRefused(address));
    });
}

TEST_CASE("INT from a process stops too") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 2; }));
    cluster.Signal(SIGINT);
    CHECK(cluster.Wait() == Exited(0));
    CHECK(Count(cluster.Out(), "signal=15") == 2);
}

TEST_CASE("clients are refused as soon as the workers close their sockets, before the cluster has "
          "ended") {
    // Slot 0 takes its time; with one shared socket the launcher's own copy would keep it open.
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "60"},
                     .command = {"/bin/sh", "-c",
                                 "trap 'exec 3>&-; echo closed; read x' TERM; echo trapped; "
                                 "while :; do sleep 1000 3>&- & wait $!; done"},
                     .start = {.terminal = true}});
    cluster.WaitOut("trapped");
    const std::string address = cluster.Address();
    CHECK(!IsRefused(address));
    cluster.Signal(SIGTERM);
    cluster.WaitOut("closed");
    CHECK(WaitFor([&] { return IsRefused(address); }));
    CHECK(!cluster.HasEnded());
    cluster.Signal(SIGKILL);
    CHECK(cluster.Wait() == Killed(SIGKILL));
    cluster.KillAll();
}

TEST_CASE("a worker that ignores TERM is killed when --stop-timeout is over: 137") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--stop-timeout", "1s"},
                         .command = {Behave(), "ignore-term"},
                         .start = {.nobody = nobody}});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "ignoring") == 2; }));
        const auto asked = Now();
        CHECK(cluster.Stop() == Exited(137));
        CHECK(SecondsSince(asked) >= 0.95);
        CHECK(SecondsSince(asked) < 7); // and not after the default of 8
        for (const auto &exit : cluster.Seen("exit"))
            CHECK(exit.Text("signal") == "SIGKILL");
        CHECK(cluster.Seen("exit").size() == 2);
    });
}

TEST_CASE("the time of a stop is 8 seconds without --stop-timeout") {
    Cluster cluster({.options = {"-n", "1"}, .command = {Behave(), "ignore-term"}});
    cluster.WaitOut("ignoring");
    const auto asked = Now();
    CHECK(cluster.Stop() == Exited(137));
    CHECK(SecondsSince(asked) >= 7.9);
    CHECK(SecondsSince(asked) < 10);
}

TEST_CASE("workers killed by TERM: 143; one that fails: its status") {
    Cluster die({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer(), "--die"}});
    REQUIRE(WaitFor([&] { return Count(die.Out(), "serving ") == 2; }));
    CHECK(die.Stop() == Exited(143));

    const std::string script =
        "trap 'exit 9' TERM; echo trapped; while :; do sleep 1000 & wait $!; done";
    Cluster nine({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "2"},
                  .command = {"/bin/sh", "-c", script}});
    nine.WaitOut("trapped");
    CHECK(nine.Stop() == Exited(9));
}

TEST_CASE("--stop-delay: traffic goes on for that long") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--stop-delay", "1500ms"},
                     .command = {EchoServer()}});
    const std::string address = cluster.Address();
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 2; }));
    const auto asked = Now();
    cluster.Signal(SIGTERM);
    (void)cluster.WaitEvent("stop");
    CHECK(Field(Ask(address, "who"), "generation") == "1");
    if (SecondsSince(asked) < 1)
        CHECK(!Contains(cluster.Out(), "stopping"));
    CHECK(cluster.Wait() == Exited(0));
    CHECK(SecondsSince(asked) >= 1.45);
    CHECK(Count(cluster.Out(), "signal=15") == 2);
}

TEST_CASE("QUIT: no delay") {
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:0", "--stop-delay", "1h", "--stop-timeout", "2h"},
         .command = {EchoServer()}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 2; }));
    cluster.Signal(SIGQUIT);
    CHECK(cluster.Wait() == Exited(0));
    CHECK(cluster.WaitEvent("stop").Text("signal") == "SIGQUIT");
    CHECK(Count(cluster.Out(), "signal=15") == 2);
}

TEST_CASE("QUIT cuts a delay short that TERM began") {
    Cluster cluster(
        {.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-delay", "1h", "--stop-timeout", "2h"},
         .command = {EchoServer()}});
    cluster.WaitOut("serving");
    cluster.Signal(SIGTERM);
    (void)cluster.WaitEvent("stop");
    cluster.Signal(SIGQUIT);
    CHECK(cluster.Wait() == Exited(0));
}

TEST_CASE("a second TERM, a second or more after the first, kills now") {
    for (const int second : {SIGTERM, SIGINT}) {
        Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--stop-timeout", "1h"},
                         .command = {Behave(), "ignore-term"}});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "ignoring") == 2; }));
        const auto asked = Now();
        cluster.Signal(SIGTERM);
        (void)cluster.WaitEvent("stop");
        REQUIRE(WaitFor([&] { return SecondsSince(asked) > 1.2; }));
        CHECK(!cluster.HasEnded());
        cluster.Signal(second);
        CHECK(cluster.Wait() == Exited(137));
    }
}

TEST_CASE("two TERMs at once, as GNU timeout sends them, are one") {
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer(), "--slow", "1500"}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 2; }));
    cluster.Signal(SIGTERM);
    (void)cluster.WaitEvent("stop");
    cluster.Signal(SIGTERM);
    CHECK(cluster.Wait() == Exited(0));
    CHECK(Count(cluster.Out(), "stopping") == 2);
}

TEST_CASE("a stop while a slot waits for its next worker") {
    // It has failed, so there is time: ten seconds.
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--max-restarts", "0/1s"},
                     .command = {EchoServer()}});
    cluster.WaitUp();
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    (void)cluster.WaitEvent("restart");
    CHECK(cluster.Stop() == Exited(0));
    CHECK(cluster.Seen("fork").size() == 2);
}

TEST_CASE("a stop while every slot waits for its next worker is reported too") {
    Cluster cluster({.options = {"-n", "1", "--restart", "always", "--ready", "exec"},
                     .command = {Behave(), "exit-with", "3"}});
    // The longest delay before the slot has failed, more than a second.
    (void)cluster.WaitEvent("restart", With("attempt", 5));
    cluster.Signal(SIGTERM);
    CHECK(cluster.WaitEvent("stop").Text("signal") == "SIGTERM");
    (void)cluster.Wait();
    CHECK(cluster.Seen("stop").size() == 1);
    CHECK(Contains(cluster.Err(), "stopping: signal SIGTERM"));
    CHECK(cluster.Seen("fork").size() == 5);
}

TEST_CASE("a stop as soon as there is anything to stop") {
    for (int i = 0; i < 5; ++i) {
        Cluster cluster(
            {.options = {"-n", "4", "-p", "127.0.0.1:0"}, .command = {Behave(), "pause"}});
        (void)cluster.WaitEvent("fork");
        CHECK(cluster.Stop() == Exited(143));
        CHECK(cluster.Seen("ready").empty());
    }
}

TEST_CASE("a stop of jobs") {
    Cluster cluster({.options = {"-n", "2"}, .command = {Behave(), "signal-log"}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 2; }));
    CHECK(StopServers(cluster) == Exited(0));
    CHECK(Count(cluster.Out(), "got 15") == 2);
}

TEST_CASE("a stopped worker is continued or killed, the cluster ends in time") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "1"},
                     .command = {EchoServer()}});
    cluster.WaitOut("serving");
    (void)kill(cluster.WaitOnline(1), SIGSTOP);
    const auto ended = cluster.Stop(Duration{20'000});
    CHECK((ended == Exited(0) || ended == Exited(137)));
}
