// Port 0: whose a random port is. A program's own, unless -p 0 or --adopt all says so.

#include "Binders.hxx"

#include <csignal>
#include <unistd.h>

using namespace process;

namespace {

std::string PortIn(const std::string &name) {
    return name.substr(name.rfind(':') + 1);
}

/** Slot → port of a step. */
std::map<std::string, std::string> PortsOf(Binders &cluster, unsigned step) {
    std::map<std::string, std::string> ports;
    for (auto &entry : cluster.Of(step)) {
        INFO("step ", step, " of slot ", entry.first);
        CHECK(entry.second["listen"] == "0");
        ports[entry.first] = PortIn(entry.second["name"]);
    }
    return ports;
}

std::set<std::string> Different(const std::map<std::string, std::string> &ports) {
    std::set<std::string> different;
    for (const auto &entry : ports)
        different.insert(entry.second);
    return different;
}

/** Without bind, and with a bind to port 0. */
const std::vector<std::vector<std::string>> TWICE{
    {"listen0", "listen0"},
    {"tcp:127.0.0.1:0", "tcp:127.0.0.1:0"},
    {"listen0:6", "listen0:6"},
};

} // namespace

TEST_CASE("listen on port 0 twice: two ports, each the same in all workers") {
    const std::vector<std::vector<std::string>> options{
        {"--adopt", "all"}, {"-p", "0", "-p", "0"}, {"-p", "0", "-p", "0", "--adopt", "listed"}};
    for (const auto &option : options) {
        for (const auto &steps : TWICE) {
            INFO(option[0], " ", option[1], ", ", steps[0]);
            Binders cluster(option, steps);
            cluster.WaitServing();
            const auto first = Different(PortsOf(cluster, 0));
            const auto second = Different(PortsOf(cluster, 1));
            REQUIRE(first.size() == 1);
            REQUIRE(second.size() == 1);
            CHECK(*first.begin() != *second.begin());
            cluster.WaitUp();
            CHECK(cluster.AllAnswer("127.0.0.1:" + *first.begin()));
            CHECK(cluster.AllAnswer("127.0.0.1:" + *second.begin()));
            CHECK(Field(Ask("127.0.0.1:" + *second.begin(), "who"), "step") == "1");
            CHECK(cluster.Stop() == Exited(0));
        }
    }
}

TEST_CASE("without either each worker has its own, and it is where the kernel put it") {
    for (const auto &steps : TWICE) {
        INFO(steps[0]);
        Binders cluster({"--ready", "exec"}, steps);
        cluster.WaitServing();
        for (const unsigned step : {0U, 1U}) {
            const auto ports = PortsOf(cluster, step);
            CHECK(Different(ports).size() == 3);
            for (const auto &entry : ports)
                CHECK(Field(Ask("127.0.0.1:" + entry.second, "who"), "slot") == entry.first);
        }
        CHECK(cluster.Seen("listening").empty());
        CHECK(cluster.Stop() == Exited(0));
    }
}

TEST_CASE("-p 0 shares the first; what follows is each worker's own") {
    Binders cluster({"-p", "127.0.0.1:0"}, {"tcp:127.0.0.1:0", "tcp:127.0.0.1:0"});
    cluster.WaitServing();
    const auto first = Different(PortsOf(cluster, 0));
    CHECK(first == std::set<std::string>{std::to_string(cluster.Port())});
    CHECK(Different(PortsOf(cluster, 1)).size() == 3);
    CHECK(cluster.AllAnswer(cluster.Address()));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a replacement gets the same random ports") {
    Binders cluster({"--adopt", "all"}, {"listen0", "listen0"});
    cluster.WaitUp();
    const auto port = cluster.Same(1, "name");
    REQUIRE(kill(cluster.WaitOnline(1), SIGKILL) == 0);
    WaitReady(cluster, 4);
    cluster.WaitOut("serving slot=0 id=4");
    CHECK(cluster.Of(1)["0"]["id"] == "4");
    CHECK(cluster.Same(1, "name") == port);
    CHECK(cluster.AllAnswer("127.0.0.1:" + PortIn(port)));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("--exclusive 0 keeps random ports private under --adopt all") {
    Binders cluster({"--adopt", "all", "--exclusive", "0", "--ready", "exec"}, {"listen0"});
    cluster.WaitServing();
    CHECK(Different(PortsOf(cluster, 0)).size() == 3);
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a test server of Node and its debugger stay private") {
    if (access("/usr/bin/node", X_OK) != 0)
        HARNESS_SKIP("node is not installed");
    Cluster cluster({.options = {"-n", "3", "--restart", "no"},
                     .command = {"/usr/bin/node", "--inspect=127.0.0.1:0", "-e", R"(
const http = require('http');
const server = http.createServer((request, response) => response.end(`${process.pid}`));
server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    http.get({ host: '127.0.0.1', port, agent: false }, (response) => {
        response.on('data', (body) => {
            console.log(`port=${port} mine=${body == process.pid}`);
            process.exit(0);
        });
    });
}))"}});
    CHECK(cluster.Wait() == Exited(0));
    INFO(cluster.Describe());
    std::set<std::string> ports, debuggers;
    for (const auto &line : Lines(cluster.Out())) {
        CHECK(Field(line, "mine") == "true");
        ports.insert(Field(line, "port"));
    }
    for (const auto &line : Lines(cluster.Err()))
        if (const auto at = line.find("ws://127.0.0.1:"); at != std::string::npos)
            debuggers.insert(line.substr(at, line.find('/', at + 6) - at));
    CHECK(ports.size() == 3);
    CHECK(debuggers.size() == 3);
    CHECK(cluster.Seen("listening").empty());
}
