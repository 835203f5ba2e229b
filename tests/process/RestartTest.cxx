// Which workers are replaced and when: --restart, --max-restarts, --exit-ok, --kill-others-on-fail.

#include "Support.hxx"

#include <csignal>
#include <unistd.h>

using namespace process;

namespace {

const std::string LOOPBACK = "127.0.0.1:0";

/** Runs `first` in slot 0 and `second` in all others. */
std::vector<std::string> BySlot(const std::string &first, const std::string &second) {
    return {"/bin/sh", "-c",
            "if [ $CLUSTERIZE_SLOT = 0 ]; then exec " + first + "; fi; exec " + second};
}

std::string ExitWith(int code, const std::string &file) {
    return Behave() + " exit-with " + std::to_string(code) + " " + file;
}

EventPredicate OfSlot(long slot) {
    return With("slot", slot);
}

} // namespace

// --- delays and limits -----------------------------------------------------------------------

TEST_CASE("one slot always crashes, the others serve: growing delays, failed, tried again") {
    const TempDir directory;
    // By time, since the one that crashes shows nothing else.
    Cluster cluster({.options = {"-n", "3", "-p", LOOPBACK, "--ready", "1s"},
                     .command = BySlot(ExitWith(5, directory / "go"), EchoServer())});
    cluster.WaitUp();
    directory.Write("go", "");
    const auto restarts = cluster.WaitEvents("restart", 6, OfSlot(0));
    double nominal = 0.1;
    for (size_t i = 0; i < 5; ++i, nominal *= 2) {
        INFO(restarts[i].Dump());
        CHECK(restarts[i].Real("delay") >= nominal * 0.8 - 0.001);
        CHECK(restarts[i].Real("delay") <= nominal * 1.2);
    }
    const auto failed = cluster.WaitEvent("failed");
    CHECK(failed.Number("slot") == 0);
    CHECK(failed.Number("restarts") == 5);
    CHECK(failed.Real("within") == doctest::Approx(30));
    CHECK(restarts[5].Real("delay") == doctest::Approx(10));
    CHECK(cluster.Seen("exit").size() == 6);
    CHECK(Contains(cluster.Err(), "slot 0 has failed"));

    // The others have it all. What came to its socket meanwhile waits, so not every client is asked.
    CHECK(Alive(cluster.WaitOnline(2)));
    CHECK(Alive(cluster.WaitOnline(3)));
    CHECK(cluster.Seen("exit", OfSlot(1)).empty());

    // Tried again after ten seconds, said as failed once.
    const auto waiting = Now();
    (void)cluster.WaitEvents("restart", 7, OfSlot(0));
    CHECK(SecondsSince(waiting) > 8);
    CHECK(cluster.Seen("failed").size() == 1);
    REQUIRE(unlink((directory / "go").c_str()) == 0);
    (void)cluster.WaitEvents("ready", 2, OfSlot(0)); // what it lacked is there again
    CHECK(!cluster.HasEnded());
    cluster.Signal(SIGTERM);
    CHECK(cluster.Wait() == Exited(143));
}

TEST_CASE("every slot has failed: the end, with the status of the last one") {
    for (const int status : {6, 0}) {
        INFO("status ", status);
        const TempDir directory;
        Cluster cluster({.options = {"-n", "2", "-p", LOOPBACK, "--max-restarts", "0/30s"},
                         .command = BySlot(ExitWith(4, directory / "first"),
                                           ExitWith(status, directory / "second"))});
        cluster.WaitUp();
        directory.Write("first", "");
        CHECK(cluster.WaitEvent("failed").Number("restarts") == 0);
        CHECK(!cluster.HasEnded());
        directory.Write("second", "");
        CHECK(cluster.Wait() == Exited(status == 0 ? 1 : status));
        CHECK(cluster.Seen("failed").size() == 2);
        CHECK(cluster.Seen("fork").size() == 2);
        CHECK(cluster.Seen("error").at(0).Text("stage") == "restart");
        CHECK(Contains(cluster.Err(), "every slot has failed"));
        CHECK(IsRefused(cluster.Address()));
    }
}

TEST_CASE("the limit is what --max-restarts says, or its variable") {
    const TempDir directory;
    Cluster cluster({.options = {"-n", "1", "-p", LOOPBACK},
                     .command = {Behave(), "exit-with", "9", directory / "go"},
                     .start = {.env = {{"CLUSTERIZE_MAX_RESTARTS", "2/1m"}}}});
    cluster.WaitUp();
    directory.Write("go", "");
    CHECK(cluster.Wait() == Exited(9));
    CHECK(cluster.Seen("exit").size() == 3);
    const auto failed = cluster.Seen("failed");
    REQUIRE(failed.size() == 1);
    CHECK(failed[0].Number("restarts") == 2);
    CHECK(failed[0].Real("within") == doctest::Approx(60));
}

TEST_CASE("the program is gone for good: 127") {
    const TempDir directory;
    const std::string program = directory / "server";
    CopyFile(EchoServer(), program);
    Cluster cluster(
        {.options = {"-n", "1", "-p", LOOPBACK, "--max-restarts", "1/30s"}, .command = {program}});
    cluster.WaitUp();
    REQUIRE(unlink(program.c_str()) == 0);
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    CHECK(cluster.Wait() == Exited(127));
    CHECK(cluster.Seen("failed").size() == 1);
}

// --- which are replaced ----------------------------------------------------------------------

TEST_CASE("on-failure, without a port: each until it succeeds, then 0") {
    const TempDir directory;
    const std::string second_try = "sh -c 'if [ -e " + directory / "tried" +
                                   " ]; then exit 0; fi; " + ExitWith(3, directory / "go") +
                                   "; : >" + directory / "tried" + "; exit 3'";
    Cluster cluster(
        {.options = {"-n", "2", "--restart", "on-failure"}, .command = BySlot("true", second_try)});
    CHECK(cluster.WaitEvent("setup").Flag("serving"));
    (void)cluster.WaitEvent("ready", OfSlot(1));
    directory.Write("go", "");
    CHECK(cluster.Wait() == Exited(0));
    CHECK(cluster.Seen("exit", OfSlot(0)).size() == 1);
    CHECK(cluster.Seen("exit", OfSlot(1)).size() == 2);
    CHECK(cluster.Seen("restart").size() == 1);
}

TEST_CASE("on-failure: a failure before any was ready is a boot failure, a success is none") {
    const auto failed =
        RunClusterize({"--restart", "on-failure", "--", Behave(), "exit-with", "3"});
    CHECK(failed.ended == Exited(3));
    CHECK(Contains(failed.err, "before any was ready"));
    const auto succeeded = RunClusterize(
        {"--restart", "on-failure", "-p", LOOPBACK, "--", Behave(), "exit-with", "0"});
    CHECK(succeeded.ended == Exited(0));
    CHECK(!Contains(succeeded.err, "background"));
}

TEST_CASE("always, without a port: serving, and an end before any was ready is never a success") {
    const auto result = RunClusterize({"--restart", "always", "--", "true"});
    CHECK(result.ended == Exited(1));
    CHECK(Contains(result.err, "background"));
}

TEST_CASE("no, with a port: none is replaced, the first that failed is the status") {
    Cluster cluster(
        {.options = {"-n", "2", "-p", LOOPBACK, "--restart", "no"}, .command = {EchoServer()}});
    CHECK(cluster.WaitEvent("setup").Flag("serving"));
    cluster.WaitUp();
    WaitAllReport(cluster);
    CHECK(Ask(cluster.Address(), "exit 0") == "exiting");
    (void)cluster.WaitEvents("exit", 1);
    for (int i = 0; i < 10; ++i)
        CHECK(Ask(cluster.Address(), "words") == "words");
    CHECK(Ask(cluster.Address(), "exit 4") == "exiting");
    CHECK(cluster.Wait() == Exited(4));
    CHECK(cluster.Seen("fork").size() == 2);
    CHECK(cluster.Seen("restart").empty());
}

TEST_CASE("no, with a port: who ends before any was ready ends the cluster") {
    const auto result =
        RunClusterize({"--restart", "no", "-p", LOOPBACK, "--", Behave(), "exit-with", "0"});
    CHECK(result.ended == Exited(1));
    CHECK(Contains(result.err, "background"));
}

TEST_CASE("no, without a port: jobs") {
    Cluster cluster({.options = {"-n", "2", "--restart", "no", "--jobs"}, .command = {"true"}});
    CHECK(cluster.Wait() == Exited(0));
    CHECK(!cluster.WaitEvent("setup").Flag("serving"));
}

// --- exit-ok ---------------------------------------------------------------------------------

TEST_CASE("exit-ok: jobs") {
    const auto status = [](const std::string &list, std::vector<std::string> behaviour) {
        std::vector<std::string> words = {"-n", "2", "--exit-ok", list, "--", Behave()};
        words.insert(words.end(), behaviour.begin(), behaviour.end());
        return RunClusterize(words).ended;
    };
    CHECK(status("3", {"exit-with", "3"}) == Exited(0));
    CHECK(status("77,3", {"exit-with", "3"}) == Exited(0));
    CHECK(status("77,4", {"exit-with", "3"}) == Exited(3));
    CHECK(status("143", {"die-by-signal", "15"}) == Exited(0));
    CHECK(status("15", {"die-by-signal", "15"}) == Exited(143));
    CHECK(
        RunClusterize({"--", Behave(), "exit-with", "3"}, {.env = {{"CLUSTERIZE_EXIT_OK", "2,3"}}})
            .ended == Exited(0));
}

TEST_CASE("exit-ok: a stop") {
    Cluster cluster({.options = {"-n", "2", "-p", LOOPBACK, "--exit-ok", "143"},
                     .command = {Behave(), "pause"}});
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("exit-ok: under on-failure such a worker is not replaced") {
    const auto result = RunClusterize(
        {"--restart", "on-failure", "--exit-ok", "9", "--", Behave(), "exit-with", "9"});
    CHECK(result.ended == Exited(0));
}

// --- kill-others-on-fail ---------------------------------------------------------------------

TEST_CASE("kill-others-on-fail: the first job that fails ends the rest") {
    const TempDir directory;
    Cluster cluster({.options = {"-n", "3", "--kill-others-on-fail"},
                     .command = BySlot(ExitWith(7, directory / "go"), Behave() + " signal-log")});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start slot=") == 2; }));
    directory.Write("go", "");
    CHECK(cluster.Wait() == Exited(7));
    CHECK(Count(cluster.Out(), "got 15") == 2);
    CHECK(cluster.Seen("error").at(0).Text("stage") == "fail");
    CHECK(cluster.Seen("exit").size() == 3);
    for (const auto &exit : cluster.Seen("exit"))
        CHECK(exit.Flag("exitedAfterDisconnect") == (exit.Number("slot") != 0));
}

TEST_CASE("kill-others-on-fail: a job that succeeds ends nobody") {
    const TempDir directory;
    Cluster cluster({.options = {"-n", "2", "--kill-others-on-fail"},
                     .command = BySlot("true", ExitWith(0, directory / "go"))});
    (void)cluster.WaitEvents("exit", 1);
    directory.Write("go", "");
    CHECK(cluster.Wait() == Exited(0));
    CHECK(cluster.Seen("stop").empty());
}

TEST_CASE("kill-others-on-fail: servers, over --restart") {
    Cluster cluster(
        {.options = {"-n", "2", "-p", LOOPBACK, "--kill-others-on-fail", "--restart", "always"},
         .command = {EchoServer()}});
    cluster.WaitUp();
    WaitAllReport(cluster);
    CHECK(Ask(cluster.Address(), "exit 0") == "exiting"); // no failure: replaced
    WaitReady(cluster, 3);
    WaitAllReport(cluster);
    (void)kill(cluster.WaitOnline(3), SIGKILL);
    CHECK(cluster.Wait() == Exited(137));
    CHECK(cluster.Seen("restart").size() == 1);
    CHECK(IsRefused(cluster.Address()));
}

// --- values ----------------------------------------------------------------------------------

TEST_CASE("bad values: one line that names option or variable, 125") {
    const std::vector<std::pair<std::string, std::vector<std::string>>> bad = {
        {"restart", {"sometimes", "on_failure", "Always"}},
        {"max-restarts",
         {"5", "5/", "/30s", "x/30s", "-1/30s", "5/x", "5/0", "5/30s/2", "99999999/1s"}},
        {"exit-ok", {"x", "256", "-1", "1,", ",1", "1,,2", "1 2", "TERM"}}};
    for (const auto &row : bad) {
        const std::string &name = row.first; // clang 14 does not capture a binding
        std::string variable = "CLUSTERIZE_";
        for (const char c : name)
            variable += c == '-' ? '_' : static_cast<char>(c - 'a' + 'A');
        for (const auto &value : row.second) {
            INFO(name, " ", value);
            const std::string option = "--" + name;
            CheckRefused(RunClusterize({option + "=" + value, "--", "true"}), 125, {option, value});
            CheckRefused(RunClusterize({"--", "true"}, {.env = {{variable, value}}}), 125,
                         {variable, value});
        }
    }
    CheckRefused(RunClusterize({"--restart", "sometimes", "--", "true"}), 125,
                 {"always", "on-failure", "no"});
    CheckRefused(RunClusterize({"--", "true"}, {.env = {{"CLUSTERIZE_KILL_OTHERS_ON_FAIL", "x"}}}),
                 125, {"CLUSTERIZE_KILL_OTHERS_ON_FAIL", "x"});
}

TEST_CASE("jobs that are to be restarted are refused") {
    for (const char *value : {"always", "on-failure"}) {
        CheckRefused(RunClusterize({"--jobs", "--restart", value, "--", "true"}), 125,
                     {"--jobs", "--restart"});
        CheckRefused(
            RunClusterize({"--jobs", "--", "true"}, {.env = {{"CLUSTERIZE_RESTART", value}}}), 125,
            {"--jobs", "CLUSTERIZE_RESTART"});
    }
    CHECK(RunClusterize({"--jobs", "--restart", "no", "--", "true"}).ended == Exited(0));
}
