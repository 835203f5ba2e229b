// Programs that look for a free port: they listen on one address after the other, and close again.

#include "Binders.hxx"

using namespace process;

namespace {

/** As vite and detect-port: all addresses of one family, of both, then the one that is served. */
std::vector<std::string> Probes(unsigned port) {
    const std::string number = std::to_string(port);
    return {"tcp:0.0.0.0:" + number + ",reuseaddr", "close:0",
            "tcp:[::]:" + number + ",reuseaddr,dual", "close:2",
            "tcp:127.0.0.1:" + number + ",reuseaddr"};
}

void CheckProbes(Binders &cluster) {
    cluster.WaitServing();
    for (const unsigned step : {0U, 2U, 4U}) {
        CHECK(cluster.Same(step, "bind") == "0");
        CHECK(cluster.Same(step, "listen") == "0");
    }
}

} // namespace

TEST_CASE("a port is probed on overlapping addresses, and then it is free") {
    for (const char *balance : {"rr", "none"})
        for (const bool asked : {false, true}) {
            const unsigned port = FreePort();
            std::vector<std::string> options = {"--balance", balance};
            if (asked)
                options.insert(options.end(), {"-p", std::to_string(port)});
            Binders cluster(options, Probes(port), {}, 1);
            CheckProbes(cluster);
            CHECK(Contains(Ask(Local(port), "who"), "slot=0"));
            CHECK(cluster.Stop() == Exited(0));
        }
}

TEST_CASE("three workers probe the same port, each as if it were alone") {
    for (const bool asked : {false, true}) {
        const unsigned port = FreePort();
        std::vector<std::string> options;
        if (asked)
            options = {"-p", std::to_string(port)};
        Binders cluster(options, Probes(port));
        CheckProbes(cluster);
        CHECK(cluster.AllAnswer(Local(port)));
        CHECK(cluster.Stop() == Exited(0));
    }
}

TEST_CASE("an overlapping address that another program has stays in use") {
    const Fd other = ListenOn("127.0.0.1:0");
    const std::string port = std::to_string(PortOf(other.Get()));
    Binders cluster({"--ready", "exec"}, {"tcp:0.0.0.0:" + port, "tcp:[::]:" + port + ",dual"});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "bind") == "EADDRINUSE");
    CHECK(cluster.Same(1, "bind") == "EADDRINUSE");
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a worker that tries a hundred ports is named once in the log, not port by port") {
    std::vector<std::string> steps;
    for (unsigned i = 0; i < 100; i++)
        steps.push_back("tcp:" + Local(FreePort()));
    for (const unsigned workers : {1U, 2U}) {
        Binders cluster({}, steps, {}, workers);
        cluster.WaitServing();
        cluster.WaitUp();
        const std::string log = cluster.Err();
        CHECK(Count(log, "is shared by") + Count(log, "is served") <= 16 * workers);
        CHECK(Contains(log, "further addresses are not logged"));
        CHECK(Count(log, "further addresses are not logged") <= workers);
        CHECK(cluster.Stop() == Exited(0));
    }
}
