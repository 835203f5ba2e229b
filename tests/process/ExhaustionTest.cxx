// No more descriptors or processes in the middle of a start: everything already started is stopped, the
// cause is named, the status is 125.

#include "Support.hxx"

#include <csignal>
#include <sys/resource.h>

using namespace process;

namespace {

/** The last line of standard error that is about the failure. */
void CheckExhausted(Cluster &cluster, const std::string &cause, const std::string &remedy) {
    CHECK(cluster.Wait() == Exited(125));
    INFO("standard error: ", cluster.Err());
    CHECK(Contains(cluster.Err(), cause));
    CHECK(Contains(cluster.Err(), remedy));
    CHECK(cluster.Leftovers().empty());
    // Every worker that was started has ended.
    CHECK(cluster.Seen("exit").size() == cluster.Seen("online").size());
    CHECK(cluster.Seen("ready").empty());
}

constexpr unsigned NOBODY_ELSE = 61234; // no other test counts its processes

} // namespace

TEST_CASE("descriptors, with listeners: none of the workers stays") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "100", "-p", "127.0.0.1:0"},
                         .command = {EchoServer()},
                         .start = {.nobody = nobody, .limits = {{RLIMIT_NOFILE, 64, 64}}}});
        CheckExhausted(cluster, "oo many open files", "ulimit -n");
    });
}

TEST_CASE("descriptors, at any point: it works or says what is missing, and leaves nothing") {
    // That check of UBSan opens a pipe to see whether memory is readable, and takes "no" for a bug.
    if (Contains(ReadFile(ClusterizePath()), "__ubsan_handle_dynamic_type"))
        HARNESS_SKIP("UBSan needs descriptors of its own");
    bool worked = false;
    bool failed = false;
    for (rlim_t limit = 3; limit < 40 && !(failed && worked); ++limit) {
        INFO("limit ", limit);
        const auto result = RunClusterize({"-n", "4", "-p", "127.0.0.1:0", "-l", "udp:127.0.0.1:0",
                                           "--jobs", "--", "sh", "-c", "sleep 0.1; echo done"},
                                          {.limits = {{RLIMIT_NOFILE, limit, limit}}});
        INFO("standard error: ", result.err);
        worked = result.ended == Exited(0);
        if (worked) {
            CHECK(Count(result.out, "done") == 4);
        } else if (result.ended != Exited(127)) { // the shell's loader has too few of them as well
            failed = true;
            CHECK(result.ended == Exited(125));
            CHECK(Lines(result.err).size() == 1);
            CHECK(Contains(result.err, "oo many open files"));
        }
    }
    CHECK(failed);
    CHECK(worked);
}

TEST_CASE("processes") {
    if (!IsRoot())
        HARNESS_SKIP("a user with no other processes needs root");
    for (const std::vector<std::string> &options :
         {std::vector<std::string>{"-n", "40"}, {"-n", "40", "-p", "127.0.0.1:0"}}) {
        Cluster cluster({.options = options,
                         .command = {Behave(), "signal-log"},
                         .start = {.nobody = true,
                                   .nobody_id = NOBODY_ELSE,
                                   .limits = {{RLIMIT_NPROC, 12, 12}}}});
        CheckExhausted(cluster, "emporarily unavailable", "ulimit -u");
        CHECK(cluster.Seen("online").size() >= 5);
        CHECK(cluster.Seen("error").size() >= 1);
    }
}

TEST_CASE("processes, later: the cluster goes on without the replacement and tries again") {
    if (!IsRoot())
        HARNESS_SKIP("a user with no other processes needs root");
    const Start limited{
        .nobody = true, .nobody_id = NOBODY_ELSE + 1, .limits = {{RLIMIT_NPROC, 12, 12}}};
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}, .start = limited});
    cluster.WaitUp();
    // Others of the same user, under no such limit.
    Process others({.argv = {"sh", "-c",
                             "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do sleep 1000 & done; "
                             "echo taken; wait"},
                    .nobody = true,
                    .nobody_id = NOBODY_ELSE + 1});
    others.WaitOut("taken");
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    const auto error = cluster.WaitEvent("error");
    CHECK(error.Text("errno") == "EAGAIN");
    CHECK(error.Number("slot") == 0);
    CHECK(Field(Ask(cluster.Address(), "who"), "id") == "2");
    others.KillAll();
    (void)cluster.WaitEvent(
        "online", [](const Event &e) { return e.Number("slot") == 0 && e.Number("id") > 1; });
    CHECK(StopServers(cluster) == Exited(0));
}
