// Programs that bind without listening: clients that choose their own port.

#include "Binders.hxx"

#include <csignal>
#include <poll.h>
#include <sys/socket.h>

using namespace process;

TEST_CASE("a client that binds its source port: it comes from there, and its peer sees the end") {
    for (const char *mode : {"auto", "all"}) {
        // Each worker has ports of its own: a client's cannot be shared with the same peer.
        const Fd server = ListenOn("127.0.0.1:0");
        const unsigned port = PortOf(server.Get());
        const unsigned source = FreePort();
        Binders cluster({"--ready", "exec", "--adopt", mode},
                        {"connect:" + Local(port) + ",from=" + Local(source), "wait", "close:0"},
                        {}, 1);
        const Fd peer(accept(server.Get(), nullptr, nullptr));
        REQUIRE(peer.IsOpen());
        CHECK(cluster.Same(0, "bind") == "0");
        CHECK(cluster.Same(0, "connect") == "0");
        CHECK(cluster.Same(0, "name") == Local(source));
        pollfd waits{peer.Get(), POLLIN, 0};
        CHECK(poll(&waits, 1, 0) == 0); // open so far
        cluster.WaitOut("waiting");
        cluster.Signal(SIGUSR1);
        char byte;
        REQUIRE(poll(&waits, 1, static_cast<int>(PATIENCE.count())) == 1);
        CHECK(recv(peer.Get(), &byte, 1, 0) == 0);
        cluster.WaitServing();
        CHECK(cluster.Seen("listening").empty());
        CHECK(cluster.Stop() == Exited(0));
    }
}

TEST_CASE("an FTP-like data port: each worker listens on a random one and gets its own client") {
    Binders cluster({"--ready", "exec"}, {"tcp:127.0.0.1:0,backlog=1"});
    cluster.WaitServing();
    for (auto &entry : cluster.Of(0))
        CHECK(Field(Ask(entry.second["name"], "who"), "slot") == entry.first);
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a DNS-like client: many UDP sockets with random ports") {
    Binders cluster({"--ready", "exec", "-p", "127.0.0.1:0/udp"}, {"ports:100"});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "bind") == "0");
    CHECK(cluster.Same(0, "different") == "100");
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("UDP: a listed port is shared, another one is the program's own") {
    for (const char *balance : {"random", "none"}) {
        const unsigned listed = FreePort();
        Binders cluster({"-p", Local(listed) + "/udp", "--balance", balance},
                        {"udp:" + Local(listed)});
        cluster.WaitServing();
        CHECK(cluster.Same(0, "bind") == "0");
        CHECK(cluster.Same(0, "name") == Local(listed));
        CHECK(cluster.WaitListening().Text("addressType") == "udp4");
        cluster.WaitUp();
        CHECK(cluster.AllAnswer("udp:" + Local(listed)));
        CHECK(cluster.Stop() == Exited(0));
    }
    const unsigned port = FreePort();
    Binders cluster({"--ready", "exec"}, {"udp:" + Local(port)});
    cluster.WaitServing();
    std::multiset<std::string> bound;
    for (auto &entry : cluster.Of(0))
        bound.insert(entry.second["bind"]);
    CHECK(bound == std::multiset<std::string>{"0", "EADDRINUSE", "EADDRINUSE"});
    CHECK(cluster.Stop() == Exited(0));
}
