// --adopt off and listed, --jobs, a second instance: where a bind goes to the kernel, or finds the port taken.

#include "Binders.hxx"

#include <csignal>
#include <unistd.h>

using namespace process;

namespace {

std::multiset<std::string> All(Binders &cluster, unsigned step, const std::string &field) {
    std::multiset<std::string> values;
    for (auto &entry : cluster.Of(step))
        values.insert(entry.second[field]);
    return values;
}

const std::multiset<std::string> ONE_OF_THREE{"0", "EADDRINUSE", "EADDRINUSE"};

} // namespace

TEST_CASE("--adopt off, --jobs: one worker gets the port, and the launcher installs no filter") {
    for (const auto &options : {std::vector<std::string>{"--adopt", "off", "--ready", "exec"},
                                std::vector<std::string>{"--jobs"}}) {
        const unsigned port = FreePort();
        Binders cluster(options, {"tcp:" + Local(port)});
        cluster.WaitServing();
        CHECK(All(cluster, 0, "bind") == ONE_OF_THREE);
        CHECK(StatusField(cluster.Workers().begin()->second, "Seccomp") ==
              StatusField(getpid(), "Seccomp"));
        CHECK(cluster.Seen("listening").empty());
        (void)cluster.Stop();
    }
}

TEST_CASE("--adopt listed: what -p asks for is shared, all else is not") {
    const unsigned listed = FreePort(), other = FreePort();
    Binders cluster({"--adopt", "listed", "-p", Local(listed)},
                    {"tcp:" + Local(listed), "tcp:" + Local(other)});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "listen") == "0");
    CHECK(All(cluster, 1, "bind") == ONE_OF_THREE);
    CHECK(cluster.AllAnswer(Local(listed)));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a port that somebody else has is in use, for all workers") {
    const Fd other = ListenOn("127.0.0.1:0");
    Binders cluster({"--ready", "exec"}, {"tcp:" + Local(PortOf(other.Get())) + ",reuseaddr"});
    CHECK(cluster.Same(0, "bind") == "EADDRINUSE");
    cluster.WaitServing();
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a second cluster on the same port: its workers get EADDRINUSE, the first keeps all") {
    for (const char *balance : {"random", "none"}) {
        const unsigned port = FreePort();
        Binders first({"--balance", balance}, {"tcp:" + Local(port) + ",reuseaddr"});
        first.WaitUp();
        Binders second({"--balance", balance, "--ready", "exec"},
                       {"tcp:" + Local(port) + ",reuseaddr"});
        std::set<std::string> results;
        for (auto &entry : second.Of(0))
            results.insert(entry.second["bind"] == "0" ? entry.second["listen"]
                                                       : entry.second["bind"]);
        CHECK(results == std::set<std::string>{"EADDRINUSE"});
        CHECK(first.AllAnswer(Local(port)));
        CHECK(second.Stop() == Exited(0));
        CHECK(first.AllAnswer(Local(port)));
        CHECK(first.Stop() == Exited(0));
    }
}

TEST_CASE("a real server that is started a second time ends, and so does its cluster") {
    const unsigned port = FreePort();
    const std::vector<std::string> server{"/usr/bin/python3", "-m",        "http.server",
                                          "--bind",           "127.0.0.1", std::to_string(port)};
    Cluster first({.options = {"-n", "3"}, .command = server});
    first.WaitUp();
    const auto second = RunClusterize(
        {"-n", "3", "--", server[0], server[1], server[2], server[3], server[4], server[5]});
    CHECK(second.ended == Exited(1));
    CHECK(Contains(second.err, "Address already in use"));
    CHECK(HttpGet(Local(port)).status == 200);
    CHECK(first.Stop() == Exited(143));
}

TEST_CASE("a program that listens on a shared port makes a serving cluster, one that does not runs "
          "jobs") {
    const unsigned port = FreePort();
    Binders cluster({}, {"tcp:" + Local(port)});
    cluster.WaitUp();
    REQUIRE(kill(cluster.WaitOnline(2), SIGKILL) == 0);
    WaitReady(cluster, 4);
    CHECK(cluster.AllAnswer(Local(port)));
    CHECK(cluster.Stop() == Exited(0));

    Binders jobs({}, {"listen0", "exit:0"});
    CHECK(jobs.Wait() == Exited(0));
    CHECK(jobs.Seen("exit").size() == 3);
}
