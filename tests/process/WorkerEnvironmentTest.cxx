// What a worker finds in its environment, and what it must not find there.

#include "Support.hxx"

using namespace process;

namespace {

using Variables = std::map<std::string, std::string>;

Variables OfWorker(Cluster &cluster, unsigned id) {
    return Environment(cluster.WaitOnline(id));
}

} // namespace

TEST_CASE("the variables that every worker has") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"},
                         .command = {EchoServer()},
                         .start = {.nobody = nobody}});
        auto first = OfWorker(cluster, 1);
        auto second = OfWorker(cluster, 2);
        CHECK(first["CLUSTERIZE_WORKER_ID"] == "1");
        CHECK(second["CLUSTERIZE_WORKER_ID"] == "2");
        CHECK(first["CLUSTERIZE_SLOT"] == "0");
        CHECK(second["CLUSTERIZE_SLOT"] == "1");
        for (auto *worker : {&first, &second}) {
            CHECK((*worker)["CLUSTERIZE_WORKER_COUNT"] == "2");
            CHECK((*worker)["CLUSTERIZE_GENERATION"] == "1");
            CHECK((*worker)["CLUSTERIZE_PID"] == std::to_string(cluster.Pid()));
            CHECK((*worker)["CLUSTERIZE_RUN"].size() >= 16);
            CHECK(!worker->contains("CLUSTERIZE_SOCKET"));
            CHECK(!worker->contains("CLUSTERIZE_CHANNEL_FD"));
        }
        CHECK(first["CLUSTERIZE_RUN"] == second["CLUSTERIZE_RUN"]);
        CHECK(StopServers(cluster) == Exited(0));
    });
}

TEST_CASE("two launchers have different marks") {
    Cluster one({.command = {Behave(), "pause"}});
    Cluster two({.command = {Behave(), "pause"}});
    CHECK(one.RunMark() != two.RunMark());
    CHECK(one.Stop() == Exited(143));
    CHECK(two.Stop() == Exited(143));
}

TEST_CASE("the rest of the environment passes through unchanged") {
    Cluster cluster({.command = {Behave(), "pause"},
                     .start = {.env = {{"SOME_TEXT", "a=b c\nd"}, {"EMPTY", ""}}}});
    auto worker = OfWorker(cluster, 1);
    CHECK(worker["SOME_TEXT"] == "a=b c\nd");
    CHECK(worker.contains("EMPTY"));
    CHECK(worker["EMPTY"] == "");
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("the variables of options are read and removed") {
    const std::vector<EnvironmentChange> options{
        {"CLUSTERIZE_WORKERS", "2"},        {"CLUSTERIZE_ENV", "FROM_LIST=1\nSECOND=two"},
        {"CLUSTERIZE_PORT", "127.0.0.1:0"}, {"CLUSTERIZE_CONTRACT", "systemd"},
        {"CLUSTERIZE_BALANCE", "none"},     {"CLUSTERIZE_STOP_TIMEOUT", "5s"},
        {"CLUSTERIZE_STOP_DELAY", "0"},     {"CLUSTERIZE_STOP_SIGNAL", "QUIT"},
        {"CLUSTERIZE_LOG_LEVEL", "debug"},  {"CLUSTERIZE_JOBS", "0"},
        {"CLUSTERIZE_EXPAND", "1"},         {"CLUSTERIZE_STDIN", "null"},
        {"CLUSTERIZE_BACKLOG", "17"},       {"CLUSTERIZE_CHDIR", "/"},
        {"CLUSTERIZE_CPU_AFFINITY", "auto"}};
    Cluster cluster({.command = {EchoServer(), "{slot}"}, .start = {.env = options}});
    const auto setup = cluster.WaitEvent("setup");
    CHECK(setup.Number("workers") == 2);
    CHECK(setup.Flag("serving"));
    CHECK(setup.Object("balance").Text("policy") == "none");
    auto worker = OfWorker(cluster, 1);
    CHECK(worker["FROM_LIST"] == "1");
    CHECK(worker["SECOND"] == "two");
    CHECK(worker.contains("LISTEN_FDS"));
    CHECK(!worker.contains("PORT")); // the contract is systemd alone
    for (const auto &option : options)
        CHECK_MESSAGE(!worker.contains(option.first), option.first);
    CHECK(Contains(CommandLine(cluster.WaitOnline(2)), "echo-server 1"));
    CHECK(StopServers(cluster) == Exited(0));
    CHECK(Contains(cluster.Out(), "signal=3"));
}

TEST_CASE("a repeatable option on the command line replaces the variable's whole list") {
    Cluster cluster({.options = {"--env", "FROM_LINE=1"},
                     .command = {Behave(), "pause"},
                     .start = {.env = {{"CLUSTERIZE_ENV", "FROM_VARIABLE=1\nOTHER=1"}}}});
    const auto worker = OfWorker(cluster, 1);
    CHECK(worker.contains("FROM_LINE"));
    CHECK(!worker.contains("FROM_VARIABLE"));
    CHECK(!worker.contains("OTHER"));
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("CLUSTERIZE_PORT=tcp://… is Kubernetes speaking") {
    Cluster cluster({.command = {Behave(), "pause"},
                     .start = {.env = {{"CLUSTERIZE_PORT", "tcp://10.0.0.7:8000"}}}});
    const auto setup = cluster.WaitEvent("setup");
    CHECK(!setup.Flag("serving"));
    CHECK(setup.List("listeners").empty());
    (void)cluster.WaitOnline(1);
    CHECK(Contains(cluster.Err(), "CLUSTERIZE_PORT"));
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("what the launcher itself was given by a contract is consumed") {
    // Nothing here is meant for this launcher, so nothing is used either.
    const std::vector<EnvironmentChange> inherited{{"LISTEN_FDS", "1"},
                                                   {"LISTEN_PID", "1"},
                                                   {"LISTEN_FDNAMES", "x"},
                                                   {"LISTEN_PIDFDID", "1"},
                                                   {"NOTIFY_SOCKET", "@nobody-listens-here"},
                                                   {"WATCHDOG_USEC", "1000000"},
                                                   {"WATCHDOG_PID", "1"},
                                                   {"NODE_CHANNEL_FD", "17"},
                                                   {"NODE_CHANNEL_SERIALIZATION_MODE", "json"},
                                                   {"NODE_UNIQUE_ID", "4"},
                                                   {"EINHORN_FD_COUNT", "1"},
                                                   {"EINHORN_FD_0", "3"},
                                                   {"EINHORN_MASTER_PID", "1"},
                                                   {"EINHORN_CHILD_INDEX", "2"},
                                                   {"SERVER_STARTER_PORT", "80=3"},
                                                   {"SERVER_STARTER_GENERATION", "7"},
                                                   {"CLUSTERIZE_SOCKET", "/run/x.sock"},
                                                   {"CLUSTERIZE_CHANNEL_FD", "9"}};
    for (const std::vector<std::string> &options :
         {std::vector<std::string>{}, {"--contract", "none", "-p", "127.0.0.1:0", "-n", "1"}}) {
        Cluster cluster(
            {.options = options, .command = {Behave(), "pause"}, .start = {.env = inherited}});
        const auto worker = OfWorker(cluster, 1);
        for (const auto &variable : inherited)
            CHECK_MESSAGE(!worker.contains(variable.first), variable.first);
        CHECK(cluster.Stop() == Exited(143));
    }
}

TEST_CASE("clusterize in clusterize: the inner one's variables replace the outer one's") {
    Cluster cluster(
        {.options = {"-n", "2"},
         .command = {ClusterizePath(), "-n", "1", "--env", "INNER=1", "--", Behave(), "pause"}});
    const pid_t inner = cluster.WaitOnline(2);
    const std::string outer_mark = cluster.RunMark();
    cluster.WaitOut("pausing");
    pid_t worker = 0;
    REQUIRE(WaitFor([&] {
        for (const pid_t pid : Descendants(inner)) {
            if (Environment(pid).contains("INNER"))
                worker = pid;
        }
        return worker != 0;
    }));
    auto environment = Environment(worker);
    CHECK(environment["CLUSTERIZE_WORKER_ID"] == "1");
    CHECK(environment["CLUSTERIZE_SLOT"] == "0");
    CHECK(environment["CLUSTERIZE_WORKER_COUNT"] == "1");
    CHECK(environment["CLUSTERIZE_PID"] == std::to_string(inner));
    CHECK(environment["CLUSTERIZE_RUN"] != outer_mark);
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("ports of an outer clusterize can be served by an inner one") {
    Cluster cluster({.options = {"-n", "1", "-l", "web=127.0.0.1:0"},
                     .command = {ClusterizePath(), "-n", "2", "--", EchoServer()}});
    const std::string answer = Ask(cluster.Address(), "who");
    CHECK(Field(answer, "listener") == "web");
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 2; }));
    CHECK(cluster.Stop() == Exited(0));
}
