// --exclusive: what the workers do not share although each binds it.

#include "Binders.hxx"

#include <csignal>

#include <unistd.h>

using namespace process;

namespace {

/** A port with two free ones behind it. */
unsigned FreePortOfThree() {
    for (;;) {
        const unsigned port = FreePort();
        if (IsRefused(Local(port + 1)) && IsRefused(Local(port + 2)))
            return port;
    }
}

} // namespace

TEST_CASE("a port for metrics in each worker, beside the one that is shared") {
    const unsigned port = FreePort(), metrics = FreePortOfThree();
    Binders cluster({"--exclusive", std::to_string(metrics)},
                    {"tcp:" + Local(port), "tcp:0.0.0.0:" + std::to_string(metrics)});
    cluster.WaitServing();
    CHECK(cluster.AllAnswer(Local(port)));
    for (auto &entry : cluster.Of(1)) {
        const std::string slot = entry.first;
        auto &said = entry.second;
        const unsigned own = metrics + static_cast<unsigned>(std::stoul(slot));
        CHECK(said["bind"] == "0");
        CHECK(said["listen"] == "0");
        CHECK(said["name"] == "0.0.0.0:" + std::to_string(own));
        for (int i = 0; i < 5; ++i)
            CHECK(Field(Ask(Local(own), "who"), "slot") == slot);
    }
    // Only the shared one is the cluster's.
    for (const auto &event : cluster.Seen("listening"))
        CHECK(event.Number("port") == port);

    // A replacement takes its slot's port again.
    REQUIRE(kill(cluster.Workers().at(2), SIGKILL) == 0);
    WaitReady(cluster, 4);
    CHECK(Field(AskUntilAnswered(Local(metrics + 2), "who"), "id") == "4");
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("without it the info line names the remedy") {
    const unsigned port = FreePort();
    Binders cluster({}, {"tcp:" + Local(port)});
    cluster.WaitUp();
    cluster.WaitErr("--exclusive " + std::to_string(port));
    CHECK(Count(cluster.Err(), "--exclusive " + std::to_string(port)) == 1);
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a unix path in each worker") {
    const TempDir directory;
    const std::string path = directory / "own.sock";
    Binders cluster({"--exclusive", "unix:" + path, "--ready", "exec"}, {"unix:" + path});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "listen") == "0");
    const std::map<std::string, std::string> expected{
        {"0", path}, {"1", path + ".1"}, {"2", path + ".2"}};
    for (const auto &entry : expected)
        CHECK(Field(Ask("unix:" + entry.second, "who"), "slot") == entry.first);
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a path that the workers name relatively") {
    const TempDir directory;
    const std::string path = directory / "own.sock";
    Binders cluster({"--exclusive", "unix:" + path, "--ready", "exec", "--chdir", directory.Path()},
                    {"unix:own.sock"});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "listen") == "0");
    CHECK(Field(Ask("unix:" + path + ".2", "who"), "slot") == "2");
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("Node's debugger: each worker has its own, without being told") {
    if (access("/usr/bin/node", X_OK) != 0)
        HARNESS_SKIP("node is not installed");
    const unsigned port = FreePort(), inspect = FreePortOfThree();
    const std::string script =
        "require('http').createServer((_, answer) => answer.end(`${process.pid}\\n`)).listen(" +
        std::to_string(port) + ")";
    Cluster cluster({.options = {"-n", "3"},
                     .command = {"/usr/bin/node", "--inspect=" + Local(inspect), "-e", script}});
    cluster.WaitUp();
    for (unsigned slot = 0; slot < 3; ++slot) {
        // The debugger's own page names the process by its id; the connection stays open.
        Connection debugger(Local(inspect + slot));
        debugger.Send("GET /json/list HTTP/1.1\r\nHost: localhost\r\n\r\n");
        std::string title;
        while (!Contains(title, "\"title\""))
            title = debugger.Line();
        CHECK(Contains(title, "[" + std::to_string(cluster.Workers().at(slot)) + "]"));
    }
    std::set<std::string> answered;
    CHECK(WaitFor([&] {
        answered.insert(HttpGet(Local(port)).body);
        return answered.size() == 3;
    }));
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("Node's debugger that a signal opens: each worker has its own, below a shell, too") {
    if (access("/usr/bin/node", X_OK) != 0)
        HARNESS_SKIP("node is not installed");
    if (!IsRoot())
        HARNESS_SKIP("the port is fixed, and a network namespace needs root");
    Cluster cluster({.options = {"-n", "2"},
                     .command = {"/bin/sh", "-c",
                                 "exec node -e \"require('net').createServer().listen(8000)\""},
                     .start = {.net_namespace = true}});
    cluster.WaitUp();
    for (const auto &worker : cluster.Workers())
        REQUIRE(kill(worker.second, SIGUSR1) == 0);
    CHECK(WaitFor(
        [&] { return Count(cluster.Err(), "Debugger listening on ws://127.0.0.1:") == 2; }));
    CHECK(Count(cluster.Err(), "Debugger listening on ws://127.0.0.1:9229/") == 1);
    CHECK(Count(cluster.Err(), "Debugger listening on ws://127.0.0.1:9230/") == 1);
    CHECK_FALSE(Contains(cluster.Err(), "9229 is shared"));
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("a port that Node serves is shared, even if it is the debugger's") {
    if (access("/usr/bin/node", X_OK) != 0)
        HARNESS_SKIP("node is not installed");
    if (!IsRoot())
        HARNESS_SKIP("the port is fixed, and a network namespace needs root");
    Cluster cluster({.options = {"-n", "2"},
                     .command = {"node", "-e", "require('net').createServer().listen(9229)"},
                     .start = {.net_namespace = true}});
    cluster.WaitUp();
    cluster.WaitErr("9229 is shared by 2 workers");
    CHECK(cluster.Stop() == Exited(143));
}
