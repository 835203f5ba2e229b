// TCP listeners: families, port 0, names, several of them, backlog.

#include "Support.hxx"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

using namespace process;

namespace {

std::string Number(unsigned n) {
    return std::to_string(n);
}

int IntOption(int socket, int level, int name) {
    int value = 0;
    socklen_t length = sizeof value;
    REQUIRE(getsockopt(socket, level, name, &value, &length) == 0);
    return value;
}

/** For a listening socket the limit of its queue. */
unsigned BacklogOf(int socket) {
    tcp_info info{};
    socklen_t length = sizeof info;
    REQUIRE(getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) == 0);
    return info.tcpi_sacked;
}

unsigned BacklogWith(std::vector<std::string> options) {
    options.insert(options.end(), {"-n", "2", "-p", "127.0.0.1:0"});
    Cluster cluster({.options = std::move(options), .command = {EchoServer()}});
    const auto first = BacklogOf(TakeFd(cluster.WaitOnline(1), 3).Get());
    const auto second = BacklogOf(TakeFd(cluster.WaitOnline(2), 3).Get());
    CHECK(first == second);
    CHECK(StopServers(cluster) == Exited(0));
    return first;
}

} // namespace

TEST_CASE("an IPv4 address is served by every worker, there and nowhere else") {
    AsEveryone([](bool nobody) {
        for (const char *balance : {"random", "none"}) {
            const unsigned port = FreePort();
            Cluster cluster(
                {.options = {"-n", "3", "-p", "127.0.0.1:" + Number(port), "--balance", balance},
                 .command = {EchoServer()},
                 .start = {.nobody = nobody}});
            for (unsigned id = 1; id <= 3; ++id)
                (void)cluster.WaitOnline(id);
            CHECK(cluster.Port() == port);
            CHECK(Field(AskUntilAnswered("127.0.0.1:" + Number(port), "who"), "generation") == "1");
            CHECK(IsRefused("127.0.0.2:" + Number(port)));
            CHECK(IsRefused("[::1]:" + Number(port)));
            CHECK(StopServers(cluster) == Exited(0));
            CHECK(IsRefused("127.0.0.1:" + Number(port)));
        }
    });
}

TEST_CASE("an IPv6 address") {
    const unsigned port = FreePort();
    Cluster cluster(
        {.options = {"-n", "2", "-p", "[::1]:" + Number(port)}, .command = {EchoServer()}});
    CHECK(cluster.Address() == "[::1]:" + Number(port));
    CHECK(Field(Ask("[::1]:" + Number(port), "who"), "generation") == "1");
    CHECK(IsRefused("127.0.0.1:" + Number(port)));
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("a bare port serves both families with one descriptor") {
    for (const char *option : {"-p", "-l"}) {
        const unsigned port = FreePort();
        Cluster cluster({.options = {"-n", "2", option, Number(port)}, .command = {EchoServer()}});
        CHECK(cluster.Port() == port);
        CHECK(Field(Ask("127.0.0.1:" + Number(port), "who"), "generation") == "1");
        CHECK(Field(Ask("[::1]:" + Number(port), "who"), "generation") == "1");
        CHECK(Ask("127.0.0.1:" + Number(port), "env LISTEN_FDS") == "1");
        CHECK(StopServers(cluster) == Exited(0));
    }
}

TEST_CASE("0.0.0.0 and [::] are the one family that they name") {
    const unsigned port = FreePort();
    Cluster cluster(
        {.options = {"-n", "1", "-p", "0.0.0.0:" + Number(port)}, .command = {EchoServer()}});
    CHECK(cluster.WaitEvent("setup").List("listeners").at(0).Text("address") == "0.0.0.0");
    CHECK(Field(Ask("127.0.0.1:" + Number(port), "who"), "generation") == "1");
    CHECK(IsRefused("[::1]:" + Number(port)));
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("a host of /etc/hosts") {
    if (!Contains(ReadFile("/etc/hosts"), "localhost"))
        HARNESS_SKIP("/etc/hosts does not know localhost");
    Cluster cluster({.options = {"-n", "1", "-p", "localhost:0"}, .command = {EchoServer()}});
    CHECK(Field(Ask(cluster.Address(), "who"), "generation") == "1");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("a bare port where the machine has no IPv6") {
    if (!IsRoot())
        HARNESS_SKIP("a network namespace needs root");
    Cluster cluster({.options = {"-n", "2", "-p", "8000"},
                     .command = {EchoServer()},
                     .start = {.net_namespace = true, .prepare = [] {
                                   const Fd fd(open("/proc/sys/net/ipv6/conf/all/disable_ipv6",
                                                    O_WRONLY | O_CLOEXEC));
                                   if (fd.IsOpen() && write(fd.Get(), "1", 1) != 1)
                                       throw std::runtime_error("cannot disable IPv6");
                               }}});
    (void)cluster.WaitOnline(2);
    InNetworkOf(cluster.Pid(),
                [] { CHECK(Field(Ask("127.0.0.1:8000", "who"), "generation") == "1"); });
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("port 0: one real port, in the event, in PORT, in the log") {
    Cluster cluster({.options = {"-n", "4", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    const unsigned port = cluster.Port();
    CHECK(port > 1024);
    const std::string address = "127.0.0.1:" + Number(port);
    CHECK(Ask(address, "env PORT") == Number(port));
    cluster.WaitUp();
    CHECK(cluster.WaitEvent("up").List("listeners").at(0).Number("port") == port);
    CHECK(Contains(cluster.Err(), address));
    CHECK(Shares(address, 60).size() == 4);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("two port 0 listeners are two ports") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "-p", "127.0.0.1:0"},
                     .command = {EchoServer()}});
    CHECK(cluster.Port(0) != cluster.Port(1));
    CHECK(Field(Ask(cluster.Address(1), "who"), "generation") == "1");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("several listeners: the descriptors are in the order asked for, with their names") {
    const std::string name = "@clusterize-test-several-" + Number(FreePort());
    Cluster cluster({.options = {"-n", "2", "-l", "web=127.0.0.1:0", "-l", "local=unix:" + name,
                                 "-l", "six=[::1]:0", "-l", "admin=127.0.0.1:0"},
                     .command = {EchoServer()}});
    const auto listeners = cluster.WaitEvent("setup").List("listeners");
    REQUIRE(listeners.size() == 4);
    CHECK(listeners[0].Text("name") == "web");
    CHECK(listeners[0].Text("type") == "tcp");
    CHECK(listeners[0].Text("address") == "127.0.0.1");
    CHECK(listeners[1].Text("name") == "local");
    CHECK(listeners[1].Text("type") == "unix");
    CHECK(listeners[1].Text("address") == name);
    CHECK(listeners[1].IsNull("port"));
    CHECK(listeners[2].Text("address") == "::1");
    CHECK(listeners[3].Text("name") == "admin");
    CHECK(Field(Ask(cluster.Address(0), "who"), "listener") == "web");
    CHECK(Field(Ask(cluster.Address(1), "who"), "listener") == "local");
    CHECK(Field(Ask(cluster.Address(2), "who"), "listener") == "six");
    CHECK(Field(Ask(cluster.Address(3), "who"), "listener") == "admin");
    CHECK(Ask(cluster.Address(0), "env LISTEN_FDNAMES") == "web:local:six:admin");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("--backlog, and the kernel's largest without it") {
    CHECK(BacklogWith({"--backlog", "7"}) == 7);
    CHECK(BacklogWith({"--backlog", "7", "--balance", "none"}) == 7);
    CHECK(Number(BacklogWith({})) + "\n" == ReadFile("/proc/sys/net/core/somaxconn"));
}

TEST_CASE("what a worker gets is a plain blocking socket that survives exec") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"}, .command = {Behave(), "pause"}});
    const Fd fd = TakeFd(cluster.WaitOnline(1), 3);
    CHECK((fcntl(fd.Get(), F_GETFL) & O_NONBLOCK) == 0);
    CHECK(IntOption(fd.Get(), SOL_SOCKET, SO_ACCEPTCONN) == 1);
    CHECK((DescriptorFlags(cluster.WaitOnline(1), 3) & O_CLOEXEC) == 0);
    CHECK(cluster.Stop() == Exited(143));
}
