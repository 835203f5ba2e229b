// A worker that holds the lock of its listening socket, in a system call that does not end, delays
// neither the launcher nor the others.

#include "Support.hxx"
#include "harness/Fuse.hxx"

#include <chrono>
#include <csignal>
#include <unistd.h>

using namespace process;

namespace {

/** Three workers under another user; that of slot 0 holds the lock. */
class Locked {
public:
    Locked(const std::unique_ptr<Fuse> &fuse, const std::string &balance, bool docker_profile,
           const std::string &how)
        : cluster({.options = {"-n", "3", "-p", "127.0.0.1:0", "--user", "nobody", "--balance",
                               balance},
                   .command = {EchoServer()},
                   .start = {.docker_profile = docker_profile}}) {
        cluster.WaitUp();
        MESSAGE(WaitBalance(cluster));
        for (;;) {
            Connection worker(cluster.Address());
            if (Field(worker.Ask("who"), "slot") != "0")
                continue;
            (void)worker.Ask("map " + fuse->File());
            fuse->Stop();
            worker.Send(how + "\n");
            break;
        }
        REQUIRE(fuse->AwaitRequest());
    }

    Cluster cluster;
};

/** Workers die, and their seats are steered; TERM is acted on. */
void CheckOthers(const std::string &balance, bool docker_profile, const std::string &how) {
    CAPTURE(balance);
    CAPTURE(how);
    const auto fuse = Fuse::Mount();
    if (!fuse || geteuid() != 0)
        HARNESS_SKIP("no FUSE can be mounted here, or not root");
    Locked locked(fuse, balance, docker_profile, how);
    Cluster &cluster = locked.cluster;
    (void)kill(cluster.WaitOnline(2), SIGKILL);
    WaitReady(cluster, 4);
    (void)kill(cluster.WaitOnline(3), SIGKILL);
    WaitReady(cluster, 5);
    if (how != "lock") { // a child of that worker holds it
        (void)kill(cluster.WaitOnline(1), SIGKILL);
        (void)cluster.WaitEvent("exit", With("id", 1));
    }
    const auto before = std::chrono::steady_clock::now();
    cluster.Signal(SIGTERM);
    (void)cluster.WaitEvent("stop");
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - before;
    MESSAGE("TERM was acted on after ", passed.count() * 1000, " ms");
    CHECK(passed.count() < 5);
    CHECK(cluster.WaitEvents("exit", 4).size() >= 4);
    fuse->Abort();
    (void)cluster.Wait();
}

} // namespace

TEST_CASE("a worker holds the lock of its socket: the others are replaced and steered") {
    CheckOthers("random", false, "lock");
    CheckOthers("rr", true, "lock");
    CheckOthers("rr", false, "lock");
}

TEST_CASE("a worker's child has shut the socket down and holds its lock, and the worker dies") {
    CheckOthers("random", false, "shut+lock");
    CheckOthers("rr", true, "shut+lock");
    CheckOthers("rr", false, "shut+lock");
}

TEST_CASE("a worker holds the lock of the socket that it was handed, and has closed its own: it is "
          "killed in time") {
    const auto fuse = Fuse::Mount();
    if (!fuse || geteuid() != 0)
        HARNESS_SKIP("no FUSE can be mounted here, or not root");
    const std::string address = "127.0.0.1:" + std::to_string(FreePort());
    Cluster cluster(
        {.options = {"-n", "1", "-p", address, "--user", "nobody", "--stop-timeout", "1"},
         .command = {Program("binder"), "tcp:" + address, "close:0",
                     "stuck:" + fuse->File() + ",lock"}});
    cluster.WaitOut("waiting ");
    fuse->Stop();
    REQUIRE(kill(cluster.WaitOnline(1), SIGUSR1) == 0);
    REQUIRE(WaitFor([&] { return fuse->AwaitRequest(); }));
    cluster.Signal(SIGTERM);
    CHECK(cluster.WaitEvent("exit", With("id", 1)).Text("signal") == "SIGKILL");
    (void)cluster.Wait();
    fuse->Abort();
}
