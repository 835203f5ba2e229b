// --die-with-parent: the end of the parent, also by KILL, is a TERM for the launcher.

#include "Support.hxx"

#include <csignal>
#include <unistd.h>

using namespace process;

namespace {

/** A shell that waits for the launcher, and so is its parent. */
const std::vector<std::string> PARENT = {"/bin/sh", "-c", "\"$@\"; exit $?", "sh"};

pid_t LauncherBelow(const Cluster &cluster) {
    for (const pid_t pid : Descendants(cluster.Pid()))
        if (StatusField(pid, "Name") == "clusterize")
            return pid;
    return 0;
}

void KillParent(Cluster &cluster) {
    cluster.Signal(SIGKILL);
    CHECK(cluster.Wait() == Killed(SIGKILL));
}

} // namespace

TEST_CASE("the parent is killed: the cluster stops as it does after TERM") {
    Cluster cluster({.options = {"-n", "2", "--die-with-parent"},
                     .command = {Behave(), "signal-log"},
                     .wrapper = PARENT});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "start ") == 2; }));
    KillParent(cluster);
    CHECK(WaitFor([&] { return cluster.Leftovers().empty(); }));
    CHECK(Count(cluster.Out(), "got 15 slot=0") == 1);
    CHECK(Count(cluster.Out(), "got 15 slot=1") == 1);
    CHECK(Count(cluster.Out(), "got ") == 2);
}

TEST_CASE("without it the cluster outlives its parent") {
    Cluster cluster(
        {.options = {"-n", "1"}, .command = {Behave(), "signal-log"}, .wrapper = PARENT});
    cluster.WaitOut("start ");
    const pid_t launcher = LauncherBelow(cluster);
    REQUIRE(launcher != 0);
    KillParent(cluster);
    (void)kill(launcher, SIGUSR1); // it forwards that
    cluster.WaitOut("got 10");
    CHECK(!Contains(cluster.Out(), "got 15"));
    (void)kill(launcher, SIGTERM);
    CHECK(WaitFor([&] { return cluster.Leftovers().empty(); }));
}

TEST_CASE(
    "the launcher has acted as another user meanwhile: it dies with its parent all the same") {
    if (!IsRoot())
        HARNESS_SKIP("needs root");
    const TempDir directory;
    directory.GiveTo(4001, 4002);
    // For the bind of a path the launcher takes the ids of the worker (setfsuid(2)), and the kernel
    // forgets what was asked for.
    Cluster cluster(
        {.options = {"-n", "1", "--die-with-parent", "--user", "4001:4002", "--ready", "listen"},
         .command = {"/usr/bin/python3", "-c",
                     "import signal, socket, sys; s = socket.socket(socket.AF_UNIX); "
                     "s.bind(sys.argv[1]); s.listen(); print('bound', flush=True); "
                     "signal.pause()",
                     directory / "path"},
         .wrapper = PARENT});
    cluster.WaitEvent("listening");
    cluster.WaitUp();
    KillParent(cluster);
    CHECK(WaitFor([&] { return cluster.Leftovers().empty(); }));
}
