// UDP: a flow stays on one worker, several flows spread over all, replies come from the address asked.

#include "Support.hxx"

#include <csignal>
#include <memory>

using namespace process;

namespace {

void TryFlows(const std::string &option, const std::string &listen,
              const std::string &address_start, const std::string &balance) {
    INFO(option, " ", listen, " --balance ", balance);
    Cluster cluster(
        {.options = {"-n", "4", option, listen, "--balance", balance}, .command = {EchoServer()}});
    cluster.WaitUp();
    WaitBalance(cluster); // flows go another way from then on
    const std::string address = address_start + std::to_string(cluster.Port());
    std::set<std::string> slots;
    for (int flow = 0; flow < 64; ++flow) {
        Connection connection(address);
        const std::string slot = Field(connection.Ask("who"), "slot");
        slots.insert(slot);
        if (balance != "none") {
            for (int i = 0; i < 4; ++i)
                CHECK(Field(connection.Ask("who"), "slot") == slot);
        }
    }
    if (balance != "none")
        CHECK(slots.size() == 4);
    CHECK(StopServers(cluster) == Exited(0));
}

} // namespace

TEST_CASE("flows over four workers, IPv4 and IPv6") {
    TryFlows("-l", "udp:127.0.0.1:0", "udp:127.0.0.1:", "random");
    TryFlows("-l", "udp:[::1]:0", "udp:[::1]:", "random");
    TryFlows("-l", "udp:127.0.0.1:0", "udp:127.0.0.1:", "rr");
    TryFlows("-l", "udp:[::1]:0", "udp:[::1]:", "rr");
}

TEST_CASE("PORT/udp, both families") {
    const std::string port = std::to_string(FreePort());
    Cluster cluster({.options = {"-n", "2", "-p", port + "/udp"}, .command = {EchoServer()}});
    CHECK(cluster.WaitEvent("setup").List("listeners").at(0).Text("type") == "udp");
    (void)cluster.WaitOnline(2);
    CHECK(Field(Connection("udp:127.0.0.1:" + port).Ask("who"), "generation") == "1");
    CHECK(Field(Connection("udp:[::1]:" + port).Ask("who"), "generation") == "1");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("--balance none: one shared UDP socket") {
    TryFlows("-p", "127.0.0.1:0/udp", "udp:127.0.0.1:", "none");
}

TEST_CASE("TCP and UDP on one port number are two listeners") {
    const std::string port = std::to_string(FreePort());
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:" + port, "-p", "127.0.0.1:" + port + "/udp"},
         .command = {EchoServer()}});
    (void)cluster.WaitOnline(2);
    CHECK(Field(Ask("127.0.0.1:" + port, "who"), "generation") == "1");
    CHECK(Field(Ask("udp:127.0.0.1:" + port, "who"), "generation") == "1");
    // Exactly one TCP port was asked for.
    CHECK(Ask("127.0.0.1:" + port, "env PORT") == port);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("flows of a worker that died go to its replacement or to others") {
    Cluster cluster({.options = {"-n", "2", "-l", "udp:127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    std::vector<std::unique_ptr<Connection>> flows;
    for (int i = 0; i < 16; ++i) {
        flows.push_back(std::make_unique<Connection>(cluster.Address()));
        CHECK(Field(flows.back()->Ask("who"), "generation") == "1");
    }
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    (void)cluster.WaitOnline(3);
    for (const auto &flow : flows)
        CHECK(Field(flow->Ask("who"), "id") != "1");
    CHECK(StopServers(cluster) == Exited(0));
}
