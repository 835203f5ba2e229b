// A port that is served already is refused; one that was served a moment ago is not.

#include "Support.hxx"

using namespace process;

namespace {

void TryDoubleStart(const std::string &first, const std::string &second, const std::string &host,
                    const std::string &suffix) {
    INFO("first ", first, ", then ", second, ", at ", host, "PORT", suffix);
    const std::string port = std::to_string(FreePort());
    Cluster cluster({.options = {"-n", "2", "-p", host + port + suffix, "--balance", first},
                     .command = {EchoServer()}});
    (void)cluster.WaitOnline(2);
    CheckRefused(RunClusterize({"-n", "2", "-p", host + port + suffix, "--balance", second, "--",
                                EchoServer()}),
                 125, {port, "in use"});
    CHECK(cluster.Seen("exit").empty());
    CHECK(StopServers(cluster) == Exited(0));
}

} // namespace

TEST_CASE("a second clusterize on the same port is refused") {
    for (const char *first : {"random", "none"}) {
        for (const char *second : {"random", "none"})
            TryDoubleStart(first, second, "127.0.0.1:", "");
    }
}

TEST_CASE("also for all addresses, for UDP, and with one worker") {
    TryDoubleStart("random", "random", "", "");
    TryDoubleStart("random", "random", "127.0.0.1:", "/udp");
    TryDoubleStart("none", "random", "127.0.0.1:", "/udp");
    const std::string address = "127.0.0.1:" + std::to_string(FreePort());
    Cluster cluster({.options = {"-n", "1", "-p", address}, .command = {EchoServer()}});
    (void)cluster.WaitOnline(1);
    CheckRefused(RunClusterize({"-n", "1", "-p", address, "--", EchoServer()}), 125, {"in use"});
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("a port of another program is refused") {
    for (const char *balance : {"random", "none"}) {
        const Fd other = ListenOn("127.0.0.1:0", true);
        const std::string port = std::to_string(PortOf(other.Get()));
        CheckRefused(RunClusterize({"-p", "127.0.0.1:" + port, "--balance", balance, "--", "true"}),
                     125, {"127.0.0.1:" + port, "in use"});
    }
}

TEST_CASE("a second start waits for nothing and kills nothing, the first goes on") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    const std::string address = cluster.Address();
    CHECK(RunClusterize({"-p", address, "--", EchoServer()}).ended == Exited(125));
    for (int i = 0; i < 40; ++i)
        CHECK(Field(Ask(address, "who"), "generation") == "1");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("connections in TIME_WAIT do not keep a restart from its port") {
    const std::string address = "127.0.0.1:" + std::to_string(FreePort());
    for (const char *balance : {"random", "none", "random"}) {
        Cluster cluster({.options = {"-n", "2", "-p", address, "--balance", balance},
                         .command = {EchoServer()}});
        (void)cluster.WaitOnline(2);
        for (int i = 0; i < 20; ++i) {
            // The server closes first, so the TIME_WAIT is on its side.
            Connection connection(address);
            connection.Send("bye\n");
            CHECK(connection.Rest() == "bye\n");
        }
        CHECK(StopServers(cluster) == Exited(0));
    }
}

TEST_CASE("a port is free again when the cluster has ended") {
    const std::string address = "127.0.0.1:" + std::to_string(FreePort());
    Cluster cluster({.options = {"-n", "2", "-p", address}, .command = {EchoServer()}});
    (void)cluster.WaitOnline(2);
    Connection open(address);
    CHECK(Field(open.Ask("who"), "generation") == "1");
    CHECK(StopServers(cluster) == Exited(0));
    const Fd own = ListenOn(address, true);
    CHECK(own.IsOpen());
}
