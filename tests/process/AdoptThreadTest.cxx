// A server that a thread other than the main one has started belongs to its worker all the same.

#include "Binders.hxx"

#include <csignal>

using namespace process;

TEST_CASE("a server that was started from a thread keeps its port, and its successor gets it") {
    const unsigned port = FreePort();
    const std::string program =
        "import subprocess, sys, threading\n"
        "t = threading.Thread(target=subprocess.run, args=(sys.argv[1:],))\n"
        "t.start()\n"
        "t.join()\n";
    Cluster cluster(
        {.options = {"-n", "3", "--log-level", "debug"},
         .command = {"python3", "-c", program, Program("binder"), "tcp:" + Local(port)}});
    cluster.WaitUp();
    CHECK(Shares(Local(port), 30).size() == 3);
    // At the end of one worker the launcher looks which listeners are held.
    REQUIRE(kill(cluster.WaitOnline(1), SIGKILL) == 0);
    WaitReady(cluster, 4);
    CHECK(WaitFor([&] { return Shares(Local(port), 30).size() == 3; }));
    REQUIRE(kill(cluster.WaitOnline(2), SIGKILL) == 0);
    WaitReady(cluster, 5);
    CHECK(WaitFor([&] { return Shares(Local(port), 30).size() == 3; }));
    CHECK_FALSE(Contains(cluster.Err(), "is closed"));
    CHECK_FALSE(Contains(cluster.Out(), "EADDRINUSE"));
    (void)cluster.Stop();
}
