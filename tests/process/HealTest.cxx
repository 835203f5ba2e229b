// A worker of a serving cluster that ends is replaced.

#include "Support.hxx"

#include <csignal>
#include <unistd.h>

using namespace process;

TEST_CASE("kill -9: a new worker in the same slot, with a new id, and it serves") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "3", "-p", "127.0.0.1:0"},
                         .command = {EchoServer()},
                         .start = {.nobody = nobody}});
        cluster.WaitUp();
        CHECK(cluster.WaitEvent("up").Number("workers") == 3);
        const pid_t victim = cluster.WaitOnline(2);
        (void)kill(victim, SIGKILL);
        const auto exit = cluster.WaitEvent("exit");
        CHECK(exit.Number("id") == 2);
        CHECK(exit.Number("slot") == 1);
        CHECK(exit.Number("generation") == 1);
        CHECK(exit.Number("pid") == victim);
        CHECK(exit.IsNull("code"));
        CHECK(exit.Text("signal") == "SIGKILL");
        CHECK(!exit.Flag("exitedAfterDisconnect"));
        const auto fork = cluster.WaitEvent("fork", With("id", 4));
        CHECK(fork.Number("slot") == 1);
        auto environment = Environment(cluster.WaitOnline(4));
        CHECK(environment["CLUSTERIZE_SLOT"] == "1");
        CHECK(environment["CLUSTERIZE_WORKER_ID"] == "4");
        WaitReady(cluster, 4);
        CHECK(cluster.Workers().size() == 3);
        std::set<std::string> ids;
        for (const auto &[id, count] : Shares(cluster.Address(), 90, "id"))
            ids.insert(id);
        CHECK(ids == std::set<std::string>{"1", "3", "4"});
        CHECK(cluster.Seen("up").size() == 1); // once
        CHECK(StopServers(cluster) == Exited(0));
    });
}

TEST_CASE("an end with status 0 is healed too, and so is one with another status") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    CHECK(Ask(cluster.Address(), "exit 0") == "exiting");
    const auto first = cluster.WaitEvents("exit", 1)[0];
    CHECK(first.Number("code") == 0);
    CHECK(first.IsNull("signal"));
    WaitReady(cluster, 3);
    CHECK(Ask(cluster.Address(), "exit 7") == "exiting");
    CHECK(cluster.WaitEvents("exit", 2)[1].Number("code") == 7);
    WaitReady(cluster, 4);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("a worker that was ready for ten seconds is replaced at once, another one is not") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    const auto ready = Now();
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    const auto early = cluster.WaitEvent("restart", With("slot", 0));
    CHECK(early.Real("delay") >= 0.079);
    CHECK(early.Real("delay") <= 0.121);
    (void)cluster.WaitOnline(3);
    REQUIRE(WaitFor([&] { return SecondsSince(ready) > 10; }));
    (void)kill(cluster.WaitOnline(2), SIGKILL);
    const auto late = cluster.WaitEvent("restart", With("slot", 1));
    CHECK(late.Real("delay") == doctest::Approx(0.0));
    (void)cluster.WaitOnline(4);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("all workers at once") {
    Cluster cluster({.options = {"-n", "3", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    for (unsigned id = 1; id <= 3; ++id)
        (void)kill(cluster.WaitOnline(id), SIGKILL);
    // Connections wait meanwhile and are not refused.
    CHECK(std::stoi(Field(Ask(cluster.Address(), "who"), "id")) > 3);
    std::set<long> slots;
    for (unsigned id = 4; id <= 6; ++id)
        slots.insert(cluster.WaitEvent("online", With("id", id)).Number("slot"));
    CHECK(slots == std::set<long>{0, 1, 2});
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE(
    "the program vanishes: the failure is told, the rest goes on, and it heals when it is back") {
    const TempDir directory;
    const std::string program = directory / "server";
    CopyFile(EchoServer(), program);
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {program}});
    cluster.WaitUp();
    REQUIRE(unlink(program.c_str()) == 0);
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    const auto error = cluster.WaitEvent("error");
    CHECK(error.Text("stage") == "exec");
    CHECK(error.Text("errno") == "ENOENT");
    CHECK(Contains(error.Text("message"), program));
    CHECK(error.Number("slot") == 0);
    CHECK(error.Number("id") >= 3);
    CHECK(Alive(cluster.WaitOnline(2)));
    CHECK(Field(Ask(cluster.Address(), "who"), "id") == "2");
    const auto failed = cluster.Seen("error").size();
    CopyFile(EchoServer(), program);
    const auto online = cluster.WaitEvent(
        "online", [](const Event &e) { return e.Number("slot") == 0 && e.Number("id") > 1; });
    CHECK(online.Number("id") >= 3 + static_cast<long>(failed));
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("the command is looked up again at each start") {
    const TempDir directory;
    const std::string link = directory / "current";
    CopyFile(EchoServer(), directory / "one");
    CopyFile(EchoServer(), directory / "two");
    REQUIRE(symlink("one", link.c_str()) == 0);
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"}, .command = {link}});
    cluster.WaitUp();
    const auto program_of = [](pid_t pid) {
        char target[512];
        const auto n =
            readlink(("/proc/" + std::to_string(pid) + "/exe").c_str(), target, sizeof target);
        return std::string(target, static_cast<size_t>(n > 0 ? n : 0));
    };
    CHECK(program_of(cluster.WaitOnline(1)) == directory / "one");
    REQUIRE(unlink(link.c_str()) == 0);
    REQUIRE(symlink("two", link.c_str()) == 0);
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    CHECK(program_of(cluster.WaitOnline(2)) == directory / "two");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("some slots fail, another serves: one line says which") {
    const TempDir directory;
    const std::string address = "127.0.0.1:" + std::to_string(FreePort());
    Cluster cluster(
        {.options = {"-n", "3", "--max-restarts", "1/30s"},
         .command = {"/bin/sh", "-c",
                     "[ $CLUSTERIZE_SLOT != 0 ] || exec " + Program("binder") + " tcp:" + address +
                         "; exec " + Behave() + " exit-with 1 " + directory / "go"}});
    (void)cluster.WaitEvent("ready", With("slot", 0));
    directory.Write("go", "");
    cluster.WaitErr("1 of 3 slots serves; slots 1, 2 failed: exit status 1");
    CHECK(cluster.Seen("up").empty());
    (void)cluster.Stop();
}
