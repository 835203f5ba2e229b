// --ready listen:ADDRESS, addresses that appear late, and --exclusive with --ready listen.

#include "Binders.hxx"

#include <csignal>
#include <sys/stat.h>
#include <unistd.h>

using namespace process;

namespace {

/** Python that listens on one port for metrics, and on `main`, an address of Python, when `until`
 *  is over. */
std::vector<std::string> Late(unsigned metrics, const std::string &main, const std::string &until) {
    return {"python3", "-c",
            "import os, socket, time\n"
            "def listen(family, at):\n"
            "    made = socket.socket(family)\n"
            "    made.bind(at)\n"
            "    made.listen()\n"
            "    return made\n"
            "metrics = listen(socket.AF_INET, ('127.0.0.1', " +
                std::to_string(metrics) + "))\n" + until + "\nlate = listen(" + main +
                ")\nwhile True:\n    time.sleep(1000)\n"};
}

std::string Port(unsigned port) {
    return "socket.AF_INET, ('127.0.0.1', " + std::to_string(port) + ")";
}

std::string Path(const std::string &path) {
    return "socket.AF_UNIX, '" + path + "'";
}

std::string UntilThereIs(const std::string &file) {
    return "while not os.path.exists('" + file + "'): time.sleep(0.02)";
}

/** As a program that connects to its database first. */
const std::string A_WHILE = "time.sleep(1.5)";

} // namespace

TEST_CASE("listen:PORT: a port for metrics that opens first does not make a worker ready") {
    for (const bool has_host : {false, true}) {
        const TempDir directory;
        const unsigned metrics = FreePort(), main = FreePort();
        const std::string address = has_host ? Local(main) : std::to_string(main);
        Cluster cluster({.options = {"-n", "2", "--ready", "listen:" + address},
                         .command = Late(metrics, Port(main), UntilThereIs(directory / "go"))});
        (void)cluster.WaitEvents("listening", 2);
        CHECK(cluster.Seen("ready").empty());
        directory.Write("go", "");
        cluster.WaitUp();
        for (const auto &ready : cluster.Seen("ready"))
            CHECK(ready.Text("by") == "listening");
        CHECK(cluster.Seen("listening").size() == 4);
        CHECK_FALSE(Contains(cluster.Err(), "appeared after"));
        CHECK(cluster.Stop() == Exited(143));
    }
}

TEST_CASE("listen:PORT: --then finds the main port that opens 1.5 s after another one") {
    const unsigned metrics = FreePort(), main = FreePort();
    std::vector<std::string> arguments = {
        "-n",      "2",
        "--ready", "listen:" + std::to_string(main),
        "--then",  "exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(main) + "'",
        "--"};
    const auto command = Late(metrics, Port(main), A_WHILE);
    arguments.insert(arguments.end(), command.begin(), command.end());
    const auto result = RunClusterize(arguments);
    INFO(result.err);
    CHECK(result.ended == Exited(0));
}

TEST_CASE("listen:PORT of -p: another port of -p does not make a worker ready") {
    const TempDir directory;
    const unsigned metrics = FreePort(), main = FreePort();
    Cluster cluster({.options = {"-n", "2", "-p", Local(metrics), "-p", Local(main), "--ready",
                                 "listen:" + std::to_string(main)},
                     .command = Late(metrics, Port(main), UntilThereIs(directory / "go"))});
    (void)cluster.WaitEvents("listening", 2);
    CHECK(cluster.Seen("ready").empty());
    directory.Write("go", "");
    cluster.WaitUp();
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("listen:unix: a path, also one that a symbolic link leads to, and an abstract name") {
    const TempDir directory;
    REQUIRE(mkdir((directory / "real").c_str(), 0755) == 0);
    REQUIRE(symlink("real", (directory / "link").c_str()) == 0);
    const std::string name = "ready-" + std::to_string(getpid());
    const std::pair<std::string, std::string> cases[] = {
        {directory / "real/one", Path(directory / "real/one")},
        {directory / "link/two", Path(directory / "real/two")},
        {directory / "real/three", Path(directory / "link/three")},
        {"@" + name, Path("\\0" + name)}};
    for (const auto &entry : cases) {
        INFO(entry.first);
        Cluster cluster({.options = {"-n", "2", "--ready", "listen:unix:" + entry.first},
                         .command = Late(FreePort(), entry.second, "pass")});
        cluster.WaitUp();
        CHECK(cluster.Stop() == Exited(143));
    }
}

TEST_CASE("an address that appears after the cluster is up: one line names --ready listen:PORT") {
    for (const char *workers : {"1", "2"}) {
        const unsigned metrics = FreePort(), main = FreePort();
        Cluster cluster(
            {.options = {"-n", workers}, .command = Late(metrics, Port(main), A_WHILE)});
        cluster.WaitUp();
        (void)cluster.WaitEvents("listening", 2 * std::stoul(workers));
        const std::string line =
            Local(main) +
            " appeared after the cluster was up; --ready listen:" + std::to_string(main) +
            " waits for it";
        cluster.WaitErr(line);
        // A worker that comes later changes nothing about it.
        (void)kill(cluster.Workers().begin()->second, SIGKILL);
        (void)cluster.WaitEvents("listening", 2 * std::stoul(workers) + 2);
        CHECK(cluster.Stop() == Exited(143));
        CHECK(Count(cluster.Err(), "appeared after") == 1);
    }
}

TEST_CASE("a port of -p that is served after the cluster is up: the same line") {
    const unsigned metrics = FreePort(), main = FreePort();
    Cluster cluster({.options = {"-n", "2", "-p", Local(metrics), "-p", Local(main)},
                     .command = Late(metrics, Port(main), A_WHILE)});
    cluster.WaitErr("--ready listen:" + std::to_string(main) + " waits for it");
    CHECK(cluster.Stop() == Exited(143));
    CHECK(Count(cluster.Err(), "appeared after") == 1);
}

TEST_CASE("no such line if the rule is another one, or names an address") {
    for (const bool named : {false, true}) {
        const unsigned metrics = FreePort(), main = FreePort();
        Cluster cluster(
            {.options = {"-n", "2", "--ready",
                         named ? "listen:" + std::to_string(metrics) : std::string("exec")},
             .command = Late(metrics, Port(main), A_WHILE)});
        (void)cluster.WaitEvents("listening", 4);
        CHECK(cluster.Stop() == Exited(143));
        CHECK_FALSE(Contains(cluster.Err(), "appeared after"));
    }
}

TEST_CASE("--exclusive with --ready listen: a worker was never ready, though it listens") {
    const TempDir directory;
    unsigned port = FreePort();
    while (!IsRefused(Local(port + 1)) || !IsRefused(Local(port + 2)))
        port = FreePort();
    const std::string number = std::to_string(port), path = directory / "own.sock";
    const std::vector<std::string> cases[] = {
        {number, "listen", "tcp:" + Local(port)},
        {number, "listen:" + number, "tcp:" + Local(port)},
        {"unix:" + path, "listen", "unix:" + path},
        {"unix:" + path, "listen:unix:" + path, "unix:" + path}};
    for (const auto &entry : cases) {
        INFO(entry[0], " ", entry[1]);
        Binders cluster({"--exclusive", entry[0], "--ready", entry[1]}, {entry[2]});
        cluster.WaitUp();
        CHECK(cluster.Seen("listening").empty());
        CHECK(cluster.Stop() == Exited(0));
        for (const char *end : {"", ".1", ".2"})
            (void)unlink((path + end).c_str());
    }
}

TEST_CASE("--ready listen: the debugger of Node makes no worker ready") {
    if (access("/usr/bin/node", X_OK) != 0)
        HARNESS_SKIP("node is not installed");
    const TempDir directory;
    const unsigned main = FreePort(), inspect = FreePort();
    const std::string script = "const fs = require('fs'); const timer = setInterval(() => {"
                               "  if (!fs.existsSync('" +
                               directory / "go" +
                               "')) return;"
                               "  clearInterval(timer);"
                               "  require('net').createServer().listen(" +
                               std::to_string(main) + ");}, 20)";
    Cluster cluster({.options = {"-n", "1", "--ready", "listen"},
                     .command = {"/usr/bin/node", "--inspect=" + Local(inspect), "-e", script}});
    cluster.WaitErr("Debugger listening on");
    CHECK(cluster.Seen("ready").empty());
    directory.Write("go", "");
    cluster.WaitUp();
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("listen:ADDRESS that cannot be is refused") {
    for (const char *value : {"listen:", "listen:0", "listen:fd:3", "listen:nowhere",
                              "listen:web=8000", "listen:unix:/tmp/x,mode=0600"})
        CheckRefused(RunClusterize({"--ready", value, "--", "true"}), 125, {"--ready"});
}

TEST_CASE("--ready listen where no worker can be seen to listen is refused") {
    const std::vector<std::string> cases[] = {
        {"--ready", "listen", "--adopt", "off"},
        {"--ready", "listen", "--adopt", "listed"},
        {"--ready", "listen:8000", "--adopt", "off"},
        {"--ready", "listen:8000", "--adopt", "listed", "-p", "8001"},
        {"--ready", "listen:8000/udp"}};
    for (auto options : cases) {
        options.insert(options.end(), {"--", "true"});
        CheckRefused(RunClusterize(options), 125, {"--ready", "no worker can be seen to listen"});
    }
}
