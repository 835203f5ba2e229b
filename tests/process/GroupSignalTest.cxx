// With a terminal the workers are in the launcher's process group. A parent that signals the group
// has asked them already: each signal reaches each worker once.

#include "Support.hxx"

#include <csignal>

using namespace process;

namespace {

/** The number of USR1 and so on, as the arguments of `behave handle`. */
std::string Number(int signo) {
    return std::to_string(signo);
}

/** Two servers that drain for half a second after TERM, and die of a second one as Node's do after
 *  process.once('SIGTERM'). */
const std::vector<std::string> ONCE = {
    "bash", "-c",
    "trap 'trap - TERM; echo got $CLUSTERIZE_SLOT; for i in 1 2 3 4 5; do sleep 0.1; done; "
    "echo drained; exit 0' TERM; echo serving; while :; do sleep 1000 & wait $!; done"};

Setup Servers(std::vector<std::string> wrapper = {}) {
    return {.options = {"-n", "2", "-p", "127.0.0.1:0"},
            .command = ONCE,
            .start = {.terminal = true},
            .wrapper = std::move(wrapper)};
}

bool IsThere(const std::string &program) {
    return Run({.argv = {"/bin/sh", "-c", "command -v " + program}}).ended == Exited(0);
}

void CheckDrained(const Process &cluster) {
    CHECK(Count(cluster.Out(), "got 0") == 1);
    CHECK(Count(cluster.Out(), "got 1") == 1);
    CHECK(Count(cluster.Out(), "drained") == 2);
}

/** The witness is there: what the group gets is told apart from now on. */
void WaitWitness(const Process &cluster) {
    REQUIRE(WaitFor([&] {
        for (const pid_t pid : Descendants(cluster.Pid()))
            if (StatusField(pid, "Name") == "clusterize-hear")
                return true;
        return false;
    }));
}

void WaitServing(const Process &cluster) {
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving") == 2; }));
    WaitWitness(cluster);
}

} // namespace

TEST_CASE("kill -- -PGID: the workers get TERM once") {
    for (int round = 0; round < 3; ++round) {
        Cluster cluster(Servers());
        WaitServing(cluster);
        (void)kill(-cluster.Pid(), SIGTERM);
        CHECK(cluster.Wait() == Exited(0));
        CheckDrained(cluster);
        CHECK(cluster.WaitEvent("stop").Text("signal") == "SIGTERM");
    }
}

TEST_CASE("dumb-init, and tini -g, in front: the workers get TERM once") {
    for (const std::vector<std::string> &parent : {std::vector<std::string>{"dumb-init"},
                                                   {"tini", "-s", "-g", "--"},
                                                   {"tini", "-s", "--"}}) {
        if (!IsThere(parent.front())) {
            HARNESS_SKIP("no " + parent.front());
            continue;
        }
        INFO(parent.front());
        Cluster cluster(Servers(parent));
        WaitServing(cluster);
        cluster.Signal(SIGTERM);
        CHECK(cluster.Wait() == Exited(0));
        CheckDrained(cluster);
    }
}

TEST_CASE("timeout in front, which signals its child first: the workers get TERM once") {
    for (int round = 0; round < 3; ++round) {
        Cluster cluster(Servers({"timeout", "1000"}));
        WaitServing(cluster);
        cluster.Signal(SIGTERM); // as its timer does
        (void)cluster.Wait();
        CheckDrained(cluster);
    }
}

TEST_CASE("a leader of the group in front that signals its child first, and is slow then: once") {
    Cluster cluster(
        Servers({"bash", "-c",
                 "trap 'kill -TERM $child; sleep 0.25; trap \"\" TERM; kill -TERM 0' TERM; "
                 "\"$@\" & child=$!; wait $child; wait $child",
                 "bash"}));
    WaitServing(cluster);
    cluster.Signal(SIGTERM);
    (void)cluster.Wait();
    CheckDrained(cluster);
}

TEST_CASE("TERM to the launcher alone, in a terminal: each worker gets it") {
    Cluster cluster(Servers());
    WaitServing(cluster);
    cluster.Signal(SIGTERM);
    CHECK(cluster.Wait() == Exited(0));
    CheckDrained(cluster);
}

TEST_CASE("TERM to the group, and once more: still once, and then killed") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "1h"},
                     .command = {Behave(), "ignore-term"},
                     .start = {.terminal = true}});
    cluster.WaitOut("ignoring");
    WaitWitness(cluster);
    (void)kill(-cluster.Pid(), SIGTERM);
    (void)cluster.WaitEvent("stop");
    const auto asked = Now(); // the launcher's second may begin long after the signal was sent
    (void)kill(-cluster.Pid(), SIGTERM); // at once: nothing
    REQUIRE(WaitFor([&] { return SecondsSince(asked) > 1.2; }));
    CHECK(!cluster.HasEnded());
    (void)kill(-cluster.Pid(), SIGTERM);
    CHECK(cluster.Wait() == Exited(137));
}

TEST_CASE("a worker that has left the group gets what the group got, once") {
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"},
                     .command = {"/bin/sh", "-c",
                                 "[ $CLUSTERIZE_SLOT = 0 ] || exec " + Behave() +
                                     " signal-log; exec setsid -w " + Behave() + " signal-log"},
                     .start = {.terminal = true}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 2; }));
    WaitWitness(cluster);
    (void)kill(-cluster.Pid(), SIGUSR1);
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "got 10") >= 1; }));
    (void)kill(-cluster.Pid(), SIGTERM);
    (void)cluster.Wait();
    CHECK(Count(cluster.Out(), "got 10 slot=1") == 1);
    CHECK(Count(cluster.Out(), "got 15 slot=0") == 1);
    CHECK(Count(cluster.Out(), "got 15 slot=1") == 1);
}

TEST_CASE("what a worker leaves behind in the group got TERM with it, and is not told again") {
    // The worker ends at once, and its child is still draining.
    Setup setup = Servers();
    setup.options[1] = "1";
    setup.command = {Behave(), "fork-wait"};
    setup.command.insert(setup.command.end(), ONCE.begin(), ONCE.end());
    Cluster cluster(std::move(setup));
    cluster.WaitOut("serving");
    WaitWitness(cluster);
    (void)kill(-cluster.Pid(), SIGTERM);
    CHECK(cluster.Wait() == Exited(143));
    CHECK(Count(cluster.Out(), "got 0") == 1);
    CHECK(Count(cluster.Out(), "drained") == 1);
}

TEST_CASE("other signals to the group reach each worker once, again and again") {
    Cluster cluster(
        {.options = {"-n", "2", "-p", "127.0.0.1:0"},
         .command = {Behave(), "handle", Number(SIGUSR1), Number(SIGUSR2), Number(SIGTERM)},
         .start = {.terminal = true}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "handling ") == 2; }));
    WaitWitness(cluster);
    for (unsigned round = 1; round <= 3; ++round) {
        (void)kill(-cluster.Pid(), SIGUSR1);
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "got 10 ") >= 2 * round; }));
        cluster.Signal(SIGUSR2); // to the launcher alone
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "got 12 ") >= 2 * round; }));
    }
    CHECK(StopServers(cluster) == Exited(0));
    CHECK(Count(cluster.Out(), "got 10 ") == 6);
    CHECK(Count(cluster.Out(), "got 12 ") == 6);
}

TEST_CASE("the witness is in the launcher's group, takes no signal, holds nothing, and ends with "
          "the launcher") {
    Cluster cluster(Servers());
    WaitServing(cluster);
    pid_t witness = 0;
    for (const pid_t pid : Descendants(cluster.Pid()))
        if (StatusField(pid, "Name") == "clusterize-hear")
            witness = pid;
    REQUIRE(witness != 0);
    CHECK(getpgid(witness) == cluster.Pid());
    CHECK(Descriptors(witness).empty());
    (void)kill(-cluster.Pid(), SIGUSR1);
    (void)kill(-cluster.Pid(), SIGWINCH);
    cluster.Signal(SIGKILL);
    CHECK(cluster.Wait() == Killed(SIGKILL));
    CHECK(WaitFor([&] { return !Alive(witness) && cluster.Leftovers().empty(); }));
}
