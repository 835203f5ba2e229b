// When a worker counts as ready, and what becomes of one that does not: --ready, --ready-timeout.

#include "Support.hxx"

#include <csignal>

using namespace process;

namespace {

const std::string LOOPBACK = "127.0.0.1:0";

std::string Notify() {
    return Program("notify");
}

/** Runs `first` in slot 0 and `second` in all others. */
std::vector<std::string> BySlot(const std::string &first, const std::string &second) {
    return {"/bin/sh", "-c",
            "if [ $CLUSTERIZE_SLOT = 0 ]; then exec " + first + "; fi; exec " + second};
}

std::string Server() {
    return EchoServer();
}

std::string Says(const std::string &text, const std::string &command) {
    return Notify() + " " + text + " " + command;
}

std::string SaysWhen(const std::string &file, const std::string &command) {
    return Notify() + " --when " + file + " READY=1 " + command;
}

std::string Pause() {
    return Behave() + " pause";
}

bool IsNotReady(const Event &event) {
    return event.Text("stage") == "ready";
}

} // namespace

// --- rules -----------------------------------------------------------------------------------

TEST_CASE("exec: ready as it executes") {
    Cluster cluster({.options = {"-n", "2", "--ready", "exec"}, .command = {Behave(), "pause"}});
    cluster.WaitUp();
    for (const auto &ready : cluster.Seen("ready"))
        CHECK(ready.Text("by") == "exec");
    CHECK(cluster.WaitEvent("setup").Flag("serving"));
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("a duration: ready when it has been alive for so long, whatever it says") {
    Cluster cluster({.options = {"-n", "1", "-p", LOOPBACK, "--ready", "300ms"},
                     .command = {Notify(), "READY=1", Behave(), "pause"},
                     .start = {.env = {{"CLUSTERIZE_READY_TIMEOUT", "100ms"}}}});
    cluster.WaitUp();
    CHECK(cluster.Seen("ready").at(0).Text("by") == "alive");
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("auto: three seconds alive, or READY=1 before") {
    Cluster plain({.options = {"-n", "1", "-p", LOOPBACK}, .command = {Behave(), "pause"}});
    Cluster says({.options = {"-n", "2", "-p", LOOPBACK},
                  .command = {Notify(), "READY=1", Behave(), "pause"}});
    for (const auto &ready : says.WaitEvents("ready", 2))
        CHECK(ready.Text("by") == "notify");
    CHECK(plain.WaitEvent("ready").Text("by") == "alive");
    CHECK(plain.Stop() == Exited(143));
    CHECK(says.Stop() == Exited(143));
}

TEST_CASE("auto, listen: a worker that waits for its listener with epoll") {
    for (const char *rule : {"auto", "listen"}) {
        Cluster cluster({.options = {"-n", "2", "-p", LOOPBACK, "--ready", rule},
                         .command = {"/bin/sh", "-c", Server() + " --no-contract 1; true"}});
        for (const auto &ready : cluster.WaitEvents("ready", 2))
            CHECK(ready.Text("by") == "listening");
        for (const auto &listening : cluster.WaitEvents("listening", 2)) {
            CHECK(listening.Number("port") == cluster.Port());
            CHECK_FALSE(listening.Flag("adopted"));
        }
        cluster.WaitUp();
        (void)cluster.Stop();
    }
}

TEST_CASE("listen: being alive, or READY=1, is not enough") {
    Cluster cluster(
        {.options = {"-n", "2", "-p", LOOPBACK, "--ready", "listen", "--ready-timeout", "4s"},
         .command = BySlot(Server() + " --no-contract 1", Says("READY=1", Pause()))});
    CHECK(cluster.WaitEvent("ready").Number("slot") == 0);
    CHECK(cluster.WaitEvent("error", IsNotReady).Number("slot") == 1);
    CHECK(cluster.Seen("ready").size() == 1);
    (void)cluster.Stop();
}

TEST_CASE("auto: where one worker has said READY=1, being alive is not enough") {
    Cluster cluster({.options = {"-n", "2", "--ready", "auto", "--ready-timeout", "4s"},
                     .command = BySlot(Says("READY=1", Pause()), Pause())});
    CHECK(cluster.WaitEvent("ready").Number("slot") == 0);
    const auto error = cluster.WaitEvent("error", IsNotReady);
    CHECK(error.Number("slot") == 1);
    CHECK(cluster.Seen("ready").size() == 1);
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("notify: a connection goes to none that is not ready while another is") {
    const TempDir directory;
    Cluster cluster(
        {.options = {"-n", "2", "-p", LOOPBACK, "--ready", "notify", "--contract", "none"},
         .command = BySlot(Says("READY=1", Server() + " --no-contract 1"),
                           // Serves all the same, but has not said so.
                           "sh -c '" + Notify() + " --when " + directory / "go" +
                               " --as stays READY=1 & exec " + Server() + " --no-contract 1'")});
    CHECK(cluster.WaitEvent("ready").Number("slot") == 0);
    CHECK(WaitFor([&] { return Count(cluster.Out(), "pid=") == 2; })); // both would answer
    const auto before = Shares(cluster.Address(), 100);
    CHECK(before.size() == 1);
    CHECK(before.count("0") == 1);
    directory.Write("go", "");
    cluster.WaitUp();
    CHECK(Shares(cluster.Address(), 100).size() == 2);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("notify: the replacement gets its connections when it says so, not before") {
    const TempDir directory;
    Cluster cluster(
        {.options = {"-n", "2", "-p", LOOPBACK, "--ready", "notify", "--contract", "none"},
         .command = {"/bin/sh", "-c",
                     "if [ $CLUSTERIZE_WORKER_ID -le 2 ]; then exec " +
                         Says("READY=1", Server() + " --no-contract 1") + "; fi; " + Notify() +
                         " --when " + directory / "go" + " --as stays READY=1 & exec " + Server() +
                         " --no-contract 1"}});
    cluster.WaitUp();
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    const std::string third = "pid=" + std::to_string(cluster.WaitOnline(3));
    CHECK(WaitFor([&] { return Contains(cluster.Out(), third); }));
    for (int i = 0; i < 60; ++i)
        CHECK(Field(Ask(cluster.Address(), "who"), "id") == "2");
    directory.Write("go", "");
    WaitReady(cluster, 3);
    CHECK(Shares(cluster.Address(), 100, "id").size() == 2);
    CHECK(StopServers(cluster) == Exited(0));
}

// --- not in time -----------------------------------------------------------------------------

TEST_CASE("none is ready in time: a boot failure, with the status, but never 0") {
    AsEveryone([](bool nobody) {
        for (const bool dies : {false, true}) {
            INFO("dies of the signal: ", dies);
            std::vector<std::string> command{Reachable(EchoServer())};
            if (dies)
                command.emplace_back("--die");
            Cluster cluster({.options = {"-n", "2", "-p", LOOPBACK, "--ready", "notify",
                                         "--ready-timeout", "2s"},
                             .command = command,
                             .start = {.nobody = nobody}});
            WaitAllReport(cluster); // they handle the signal
            CHECK(cluster.Wait() == Exited(dies ? 143 : 1));
            const auto error = cluster.Seen("error", IsNotReady).at(0);
            CHECK(error.Text("message") == "worker 1 (slot 0) was not ready within 2 s");
            CHECK(error.Number("id") == 1);
            CHECK(error.Number("slot") == 0);
            CHECK(error.IsNull("errno"));
            CHECK(Contains(cluster.Err(), "was not ready within 2 s"));
            CHECK(cluster.Seen("fork").size() == 2);
            CHECK(cluster.Seen("ready").empty());
            CHECK(!cluster.Seen("exit").at(0).Flag("exitedAfterDisconnect"));
            CHECK(IsRefused(cluster.Address()));
        }
    });
}

TEST_CASE("what does not end then is killed") {
    Cluster cluster(
        {.options = {"--ready", "notify", "--ready-timeout", "1s", "--stop-timeout", "500ms"},
         .command = {Behave(), "ignore-term"}});
    cluster.WaitOut("ignoring");
    CHECK(cluster.Wait() == Exited(137));
    CHECK(cluster.Seen("exit").at(0).Text("signal") == "SIGKILL");
}

TEST_CASE("one is not ready, another serves: it gets a new worker, which may do better") {
    const TempDir directory;
    Cluster cluster(
        {.options = {"-n", "2", "-p", LOOPBACK, "--ready", "notify", "--ready-timeout", "2s",
                     "--restart", "on-failure", "--contract", "none"},
         .command = BySlot(Says("READY=1", Server() + " --no-contract 1"),
                           "sh -c 'if [ $CLUSTERIZE_WORKER_ID -gt 2 ]; then exec " +
                               SaysWhen(directory / "go", Server() + " --no-contract 1") +
                               "; fi; exec " + Server() + " --no-contract 1'")});
    const auto exit = cluster.WaitEvent("exit");
    CHECK(exit.Number("slot") == 1);
    CHECK(exit.Number("code") == 0); // which is no success
    CHECK(!exit.Flag("exitedAfterDisconnect"));
    (void)cluster.WaitEvent("restart");
    directory.Write("go", "");
    cluster.WaitUp();
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("--restart no: who was not ready fails the cluster") {
    const TempDir directory;
    Cluster cluster(
        {.options = {"-n", "2", "-p", LOOPBACK, "--ready", "notify", "--ready-timeout", "2s",
                     "--restart", "no", "--contract", "none"},
         .command = BySlot(Says("READY=1", Behave() + " exit-with 0 " + directory / "go"),
                           Server() + " --no-contract 1")});
    CHECK(cluster.WaitEvent("exit").Number("slot") == 1);
    directory.Write("go", "");
    CHECK(cluster.Wait() == Exited(1));
    CHECK(cluster.Seen("fork").size() == 2);
}

TEST_CASE("a stop while they start: as any stop") {
    Cluster cluster({.options = {"-n", "2", "-p", LOOPBACK, "--ready", "notify", "--ready-timeout",
                                 "1s", "--stop-delay", "2s"},
                     .command = {EchoServer()}});
    WaitAllReport(cluster);
    CHECK(cluster.Stop() == Exited(0));
    CHECK(cluster.Seen("error").empty());
    for (const auto &exit : cluster.WaitEvents("exit", 2))
        CHECK(exit.Flag("exitedAfterDisconnect"));
}

// --- more time -------------------------------------------------------------------------------

TEST_CASE("EXTEND_TIMEOUT_USEC: who asks for time to start has it") {
    const TempDir directory;
    // Slot 0 serves, slot 1 never says anything, slot 2 asks for an hour.
    Cluster cluster({.options = {"-n", "3", "--ready", "notify", "--ready-timeout", "1s"},
                     .command = {"/bin/sh", "-c",
                                 "case $CLUSTERIZE_SLOT in 0) exec " + Says("READY=1", Pause()) +
                                     ";; 1) exec " + Pause() + ";; 2) exec " +
                                     Says("EXTEND_TIMEOUT_USEC=3600000000",
                                          SaysWhen(directory / "go", Pause())) +
                                     ";; esac"}});
    (void)cluster.WaitEvents("error", 2, With("slot", 1)); // two times its second
    CHECK(cluster.Seen("error", With("slot", 2)).empty());
    directory.Write("go", "");
    (void)cluster.WaitEvent("ready", With("slot", 2));
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("EXTEND_TIMEOUT_USEC: who asks for time to end has it") {
    // It takes longer for its end than the timeout would let it.
    Cluster cluster(
        {.options = {"-n", "1", "--ready", "notify", "--stop-timeout", "3s"},
         .command = {"/bin/sh", "-c",
                     "trap '" + Notify() + " --as child EXTEND_TIMEOUT_USEC=3600000000; sleep 4; " +
                         "echo done; exit 0' TERM; " + Notify() +
                         " --as child READY=1; while :; do sleep 0.1; done"}});
    cluster.WaitUp();
    CHECK(cluster.Stop() == Exited(0));
    CHECK(Contains(cluster.Out(), "done"));
}

// --- values ----------------------------------------------------------------------------------

TEST_CASE("bad values: one line that names option or variable, 125") {
    for (const char *value : {"listening", "Auto", "3 s", "-1", "notify,exec"}) {
        CheckRefused(RunClusterize({std::string("--ready=") + value, "--", "true"}), 125,
                     {"--ready", value, "auto, listen, notify, exec"});
        CheckRefused(RunClusterize({"--", "true"}, {.env = {{"CLUSTERIZE_READY", value}}}), 125,
                     {"CLUSTERIZE_READY", value});
    }
    CheckRefused(RunClusterize({"--ready-timeout", "soon", "--", "true"}), 125,
                 {"--ready-timeout", "soon"});
}

TEST_CASE("jobs that are to be ready are refused") {
    for (const char *value : {"auto", "notify", "exec", "3s"})
        CheckRefused(RunClusterize({"--jobs", "--ready", value, "--", "true"}), 125,
                     {"--jobs", "--ready"});
    CheckRefused(RunClusterize({"--jobs", "--", "true"}, {.env = {{"CLUSTERIZE_READY", "exec"}}}),
                 125, {"--jobs", "CLUSTERIZE_READY"});
    CHECK(RunClusterize({"--jobs", "--ready-timeout", "1s", "--", "true"}).ended == Exited(0));
}
