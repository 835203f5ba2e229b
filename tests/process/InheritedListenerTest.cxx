// Sockets that the launcher was started with: -l fd:N, -l systemd.

#include "Support.hxx"

#include <sys/socket.h>
#include <unistd.h>

using namespace process;

namespace {

/** Makes LISTEN_PID the launcher's own. */
const std::vector<std::string> AS_SYSTEMD{"/bin/sh", "-c", "export LISTEN_PID=$$; exec \"$@\"",
                                          "sh"};

std::string LocalAddress(const Fd &fd) {
    return "127.0.0.1:" + std::to_string(PortOf(fd.Get()));
}

} // namespace

TEST_CASE("fd:N is served at 3, and N itself is closed in the workers") {
    AsEveryone([](bool nobody) {
        const Fd given = ListenOn("127.0.0.1:0");
        Cluster cluster({.options = {"-n", "2", "-l", "old=fd:20"},
                         .command = {EchoServer()},
                         .start = {.fds = {{given.Get(), 20}}, .nobody = nobody}});
        CHECK(cluster.Address() == LocalAddress(given));
        CHECK(Field(Ask(LocalAddress(given), "who"), "listener") == "old");
        auto descriptors = Descriptors(cluster.WaitOnline(2));
        CHECK(descriptors[3] == Descriptors(getpid())[given.Get()]);
        CHECK(!descriptors.contains(20));
        CHECK(StopServers(cluster) == Exited(0));
    });
}

TEST_CASE("fd:3 stays 3; two of them in any order") {
    const Fd one = ListenOn("127.0.0.1:0");
    const Fd two = ListenOn("127.0.0.1:0");
    {
        Cluster cluster({.options = {"-n", "1", "-l", "fd:3"},
                         .command = {EchoServer()},
                         .start = {.fds = {{one.Get(), 3}}}});
        CHECK(Field(Ask(LocalAddress(one), "who"), "id") == "1");
        CHECK(StopServers(cluster) == Exited(0));
        CHECK(!Contains(cluster.Err(), "warning"));
    }
    Cluster cluster({.options = {"-n", "1", "-l", "b=fd:4", "-l", "a=fd:3"},
                     .command = {EchoServer()},
                     .start = {.fds = {{one.Get(), 3}, {two.Get(), 4}}}});
    CHECK(Field(Ask(LocalAddress(one), "who"), "listener") == "a");
    CHECK(Field(Ask(LocalAddress(two), "who"), "listener") == "b");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("fd:N: a UDP socket, a unix socket") {
    const Fd udp = ListenOn("udp:127.0.0.1:0");
    const std::string name = "unix:@clusterize-test-" + std::to_string(FreePort());
    const Fd local = ListenOn(name);
    Cluster cluster({.options = {"-n", "2", "-l", "fd:20", "-l", "fd:21"},
                     .command = {EchoServer()},
                     .start = {.fds = {{udp.Get(), 20}, {local.Get(), 21}}}});
    const auto listeners = cluster.WaitEvent("setup").List("listeners");
    CHECK(listeners.at(0).Text("type") == "udp");
    CHECK(listeners.at(1).Text("type") == "unix");
    (void)cluster.WaitOnline(2);
    CHECK(Field(Ask("udp:127.0.0.1:" + std::to_string(PortOf(udp.Get())), "who"), "generation") ==
          "1");
    CHECK(Field(Ask(name, "who"), "generation") == "1");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("systemd: its sockets and their names are passed on, by themselves too") {
    for (const std::vector<std::string> &options :
         {std::vector<std::string>{"-n", "2"}, {"-n", "2", "-l", "systemd"}}) {
        const Fd web = ListenOn("127.0.0.1:0");
        const Fd admin = ListenOn("127.0.0.1:0");
        Cluster cluster({.options = options,
                         .command = {EchoServer()},
                         .start = {.env = {{"LISTEN_FDS", "2"}, {"LISTEN_FDNAMES", "web:admin"}},
                                   .fds = {{web.Get(), 3}, {admin.Get(), 4}}},
                         .wrapper = AS_SYSTEMD});
        const auto setup = cluster.WaitEvent("setup");
        CHECK(setup.Flag("serving"));
        CHECK(setup.List("listeners").at(0).Text("name") == "web");
        CHECK(Field(Ask(LocalAddress(web), "who"), "listener") == "web");
        CHECK(Field(Ask(LocalAddress(admin), "who"), "listener") == "admin");
        CHECK(Ask(LocalAddress(web), "env LISTEN_FDNAMES") == "web:admin");
        CHECK(StopServers(cluster) == Exited(0));
    }
}

TEST_CASE("systemd sockets beside others, behind them where they come last") {
    const Fd web = ListenOn("127.0.0.1:0");
    Cluster cluster({.options = {"-n", "1", "-l", "own=127.0.0.1:0", "-l", "systemd"},
                     .command = {EchoServer()},
                     .start = {.env = {{"LISTEN_FDS", "1"}, {"LISTEN_FDNAMES", "web"}},
                               .fds = {{web.Get(), 3}}},
                     .wrapper = AS_SYSTEMD});
    CHECK(Field(Ask(cluster.Address(0), "who"), "listener") == "own");
    CHECK(Field(Ask(LocalAddress(web), "who"), "listener") == "web");
    CHECK(Ask(LocalAddress(web), "env LISTEN_FDNAMES") == "own:web");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("an inherited LISTEN_FDS is not used where other listeners are asked for") {
    const Fd web = ListenOn("127.0.0.1:0");
    Cluster cluster({.options = {"-n", "1", "-l", "own=127.0.0.1:0"},
                     .command = {EchoServer()},
                     .start = {.env = {{"LISTEN_FDS", "1"}, {"LISTEN_FDNAMES", "web"}},
                               .fds = {{web.Get(), 3}}},
                     .wrapper = AS_SYSTEMD});
    CHECK(Ask(cluster.Address(0), "env LISTEN_FDS") == "1");
    CHECK(Ask(cluster.Address(0), "env LISTEN_FDNAMES") == "own");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("a shared socket that was handed in outlives the cluster") {
    const Fd given = ListenOn("127.0.0.1:0");
    {
        Cluster cluster({.options = {"-n", "1", "-l", "fd:20"},
                         .command = {EchoServer()},
                         .start = {.fds = {{given.Get(), 20}}}});
        CHECK(Field(Ask(LocalAddress(given), "who"), "id") == "1");
        CHECK(StopServers(cluster) == Exited(0));
    }
    int listening = 0;
    socklen_t length = sizeof listening;
    CHECK(getsockopt(given.Get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0);
    CHECK(listening == 1);
    CHECK(!IsRefused(LocalAddress(given)));
}
