// Warnings about a port that was asked for and that no worker serves, and none where one does.

#include "Support.hxx"

using namespace process;

namespace {

std::string Loopback(unsigned port) {
    return "127.0.0.1:" + std::to_string(port);
}

const std::string WAITED = "has waited for 3 s";
const std::string UNSEEN = "no worker was seen to listen";

} // namespace

TEST_CASE("the workers bind another port: both addresses are named") {
    const std::string asked = Loopback(FreePort());
    const std::string bound = Loopback(FreePort());
    Cluster cluster(
        {.options = {"-n", "2", "-p", asked}, .command = {Program("binder"), "tcp:" + bound}});
    cluster.WaitUp();
    cluster.WaitErr(UNSEEN + " on " + asked + "; the workers listen on " + bound);
    CHECK(Contains(Ask(bound, "who"), "slot="));
    const Connection client(asked);
    (void)cluster.Stop();
    CHECK(Count(cluster.Err(), UNSEEN + " on " + asked) == 1);
    CHECK(Count(cluster.Err(), "a connection to " + asked) == 0);
}

TEST_CASE("a connection waits: the port is named, once") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {Behave(), "pause"}});
    cluster.WaitUp();
    const Connection client(cluster.Address());
    cluster.WaitErr("a connection to " + cluster.Address() + " " + WAITED);
    CHECK(cluster.Stop() == Exited(143));
    CHECK(Count(cluster.Err(), WAITED) == 1);
    CHECK_FALSE(Contains(cluster.Err(), UNSEEN));
}

TEST_CASE("a client waits at a port that nobody serves while a slot is not up, or crashes: named") {
    for (const bool crashes : {false, true}) {
        INFO("the other slot crashes: ", crashes);
        const TempDir directory;
        const std::string asked = Loopback(FreePort()), bound = Loopback(FreePort());
        Cluster cluster(
            {.options = {"-n", "2", "-p", asked},
             .command = {"/bin/sh", "-c",
                         "[ $CLUSTERIZE_SLOT = 1 ] || exec " + Program("binder") + " tcp:" + bound +
                             "; exec " + Behave() +
                             (crashes ? " exit-with 1 " + directory / "go" : " pause")}});
        (void)cluster.WaitEvent("ready", With("slot", 0));
        directory.Write("go", "");
        const Connection client(asked);
        cluster.WaitErr("; the workers listen on " + bound);
        CHECK(Contains(cluster.Err(), asked));
        CHECK(cluster.Seen("up").empty());
        (void)cluster.Stop();
        CHECK(Count(cluster.Err(), WAITED) + Count(cluster.Err(), UNSEEN) == 1);
    }
}

TEST_CASE("a client waits for workers that listen nowhere, one of which is not ready: named") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--ready", "notify"},
                     .command = {"/bin/sh", "-c",
                                 "[ $CLUSTERIZE_SLOT = 1 ] || " + Program("notify") +
                                     " --as child READY=1; exec " + Behave() + " pause"}});
    (void)cluster.WaitEvent("ready", With("slot", 0));
    const Connection client(cluster.Address());
    cluster.WaitErr("a connection to " + cluster.Address() + " " + WAITED);
    CHECK(cluster.Seen("up").empty());
    (void)cluster.Stop();
}

TEST_CASE(
    "none for workers that bind it, wait for it or block in accept, with a port of their own too") {
    const std::string blocking = "import socket\n"
                                 "s = socket.socket(fileno=3)\n"
                                 "while True:\n"
                                 "    c = s.accept()[0]\n"
                                 "    c.sendall(c.recv(10)); c.close()\n";
    const std::string asked = Loopback(FreePort());
    Cluster binding(
        {.options = {"-n", "2", "-p", asked},
         .command = {Program("binder"), "tcp:" + Loopback(FreePort()), "tcp:" + asked}});
    Cluster waiting({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    Cluster accepting(
        {.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {"python3", "-c", blocking}});
    // The time that a warning takes is measured by a cluster that gives one.
    Cluster pausing({.options = {"-n", "1", "-p", "127.0.0.1:0"}, .command = {Behave(), "pause"}});
    for (Cluster *cluster : {&binding, &waiting, &accepting, &pausing})
        cluster->WaitUp();
    for (Cluster *cluster : {&binding, &waiting, &accepting})
        CHECK(Ask(cluster->Address(), "words") != "");
    const Connection client(pausing.Address());
    pausing.WaitErr(WAITED);
    for (Cluster *cluster : {&binding, &waiting, &accepting}) {
        CHECK(Ask(cluster->Address(), "words") != "");
        (void)cluster->Stop();
        CHECK_FALSE(Contains(cluster->Err(), WAITED));
        CHECK_FALSE(Contains(cluster->Err(), UNSEEN));
    }
}
