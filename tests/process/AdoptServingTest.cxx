// Jobs that become a serving cluster: a worker listens on an adopted TCP port, or two workers on
// one unix path.

#include "Support.hxx"

#include <csignal>

using namespace process;

namespace {

std::string Loopback(unsigned port) {
    return "127.0.0.1:" + std::to_string(port);
}

std::vector<std::string> Binder(const std::string &address) {
    return {Program("binder"), "tcp:" + address};
}

} // namespace

TEST_CASE("from then on they are served: said, replaced, not stopped by HUP") {
    const std::string address = Loopback(FreePort());
    Cluster cluster({.options = {"-n", "2"}, .command = Binder(address)});
    cluster.WaitUp();
    const auto setups = cluster.Seen("setup");
    REQUIRE(setups.size() == 2);
    CHECK_FALSE(setups[0].Flag("serving"));
    CHECK(setups[1].Flag("serving"));
    for (const auto &listening : cluster.WaitEvents("listening", 2)) {
        CHECK(listening.Flag("adopted"));
        CHECK(Loopback(static_cast<unsigned>(listening.Number("port"))) == address);
    }
    cluster.WaitErr(address + " is shared by 2 workers"); // at info, which jobs do not show
    cluster.WaitErr("up: 2 workers on " + address);
    CHECK(Shares(address, 100).size() == 2);

    (void)kill(cluster.WaitOnline(1), SIGKILL);
    (void)cluster.WaitEvent("restart");
    WaitReady(cluster, 3);
    CHECK(Shares(address, 100, "id").count("3") == 1);

    // Relayed, as to any serving cluster; this program dies of it and is replaced.
    cluster.Signal(SIGHUP);
    WaitReady(cluster, 5);
    CHECK(cluster.Seen("stop").empty());
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("HUP stops jobs until then") {
    Cluster cluster({.options = {"-n", "2"}, .command = {Behave(), "pause"}});
    (void)cluster.WaitOnline(2);
    cluster.Signal(SIGHUP);
    CHECK(cluster.WaitEvent("stop").Text("signal") == "SIGHUP");
    (void)cluster.Wait();
}

TEST_CASE("--restart no: it serves, and nobody is replaced") {
    const std::string address = Loopback(FreePort());
    Cluster cluster({.options = {"-n", "2", "--restart", "no"}, .command = Binder(address)});
    cluster.WaitUp();
    for (const auto &worker : cluster.Workers())
        (void)kill(worker.second, SIGKILL);
    CHECK(cluster.Wait() == Exited(137));
    CHECK(cluster.Seen("fork").size() == 2);
    CHECK(cluster.Seen("restart").empty());
}

TEST_CASE("--restart on-failure: who ends with 0 is not replaced, who is killed is") {
    const std::string address = Loopback(FreePort());
    Cluster cluster(
        {.options = {"-n", "2", "--restart", "on-failure"}, .command = Binder(address)});
    cluster.WaitUp();
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    WaitReady(cluster, 3);
    (void)kill(cluster.WaitOnline(3), SIGTERM);
    (void)cluster.WaitEvents("exit", 2);
    (void)kill(cluster.WaitOnline(2), SIGTERM);
    CHECK(cluster.Wait() == Exited(0));
    CHECK(cluster.Seen("fork").size() == 3);
}

TEST_CASE("a job that had ended before another listened: a boot failure") {
    const std::string address = Loopback(FreePort());
    const TempDir directory;
    Cluster cluster(
        {.options = {"-n", "2"},
         .command = {"/bin/sh", "-c",
                     "if [ $CLUSTERIZE_SLOT = 0 ]; then exit 7; fi; " + Behave() + " exit-with 0 " +
                         directory / "go" + "; exec " + Program("binder") + " tcp:" + address}});
    (void)cluster.WaitEvent("exit");
    CHECK_FALSE(cluster.HasEnded()); // jobs run to their end
    directory.Write("go", "");
    CHECK(cluster.Wait() == Exited(7));
    CHECK(cluster.Seen("fork").size() == 2);
    CHECK(IsRefused(address));
}

TEST_CASE("a unix path or abstract name that all listen on: who is killed is replaced") {
    const TempDir directory;
    for (const std::string &name :
         {directory / "x.sock", "@clusterize-test-shared-" + std::to_string(FreePort())}) {
        Cluster cluster({.options = {"-n", "3"}, .command = {Program("binder"), "unix:" + name}});
        cluster.WaitUp();
        CHECK(cluster.Seen("setup").back().Flag("serving"));
        (void)kill(cluster.WaitOnline(2), SIGKILL);
        (void)cluster.WaitEvent("restart");
        WaitReady(cluster, 4);
        CHECK(Field(Ask("unix:" + name, "who"), "pid") != "");
        CHECK(cluster.Stop() == Exited(0));
    }
}

TEST_CASE("--jobs, or a unix path of each worker: jobs they stay") {
    const TempDir directory;
    const std::string address = Loopback(FreePort());
    Cluster jobs({.options = {"-n", "1", "--jobs"}, .command = Binder(address)});
    Cluster path(
        {.options = {"-n", "2"},
         .command = {"/bin/sh", "-c",
                     "exec " + Program("binder") + " unix:" + directory / "$CLUSTERIZE_SLOT"}});
    jobs.WaitOut("serving");
    CHECK(WaitFor([&] { return Count(path.Out(), "serving") == 2; }));
    for (Cluster *cluster : {&jobs, &path}) {
        CHECK(cluster->Seen("setup").size() == 1);
        CHECK_FALSE(cluster->WaitEvent("setup").Flag("serving"));
        for (const auto &worker : cluster->Workers())
            (void)kill(worker.second, SIGTERM);
        CHECK(cluster->Wait() == Exited(0));
        CHECK(cluster->Seen("restart").empty());
    }
}
