// NOTIFY_SOCKET of a worker: who has one, who is heard there, what is done about what is said.

#include "Support.hxx"

#include <csignal>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace process;

namespace {

const std::string SYSTEMD_NOTIFY = "/usr/bin/systemd-notify";

std::string Notify() {
    return Program("notify");
}

std::vector<std::string> Shell(const std::string &script) {
    return {"/bin/sh", "-c", script};
}

/** Sent by this test, which is none of the cluster's processes. */
void SendAsStranger(const std::string &name, const std::string &text) {
    REQUIRE(name.at(0) == '/');
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    REQUIRE(name.size() < sizeof(address.sun_path));
    std::memcpy(address.sun_path, name.data(), name.size());
    const Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    REQUIRE(sendto(fd.Get(), text.data(), text.size(), 0,
                   reinterpret_cast<const sockaddr *>(&address), sizeof(address)) >= 0);
}

/** Options of a cluster that is ready by messages alone. */
std::vector<std::string> Options(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--ready", "notify", "--log-level", "debug"});
    return more;
}

void CheckReadyByNotify(Cluster &cluster, unsigned id) {
    CHECK(cluster.WaitEvent("ready", With("id", id)).Text("by") == "notify");
}

} // namespace

// --- who has one -----------------------------------------------------------------------------

TEST_CASE("workers that serve have one each, by contract or by rule; jobs and others none") {
    const auto name = [](const std::vector<std::string> &options, unsigned id = 1) {
        Cluster cluster({.options = options, .command = {Behave(), "pause"}});
        const auto environment = Environment(cluster.WaitOnline(id));
        const auto found = environment.find("NOTIFY_SOCKET");
        cluster.Signal(SIGQUIT);
        (void)cluster.Wait();
        return found != environment.end() ? found->second : "";
    };
    const std::string port = "127.0.0.1:0";
    CHECK(Contains(name({"-n", "2", "-p", port}, 2), "/clusterize-notify-"));
    CHECK(name({"-n", "1", "-p", port}) != name({"-n", "1", "-p", port}));
    CHECK(name({"--ready", "notify", "--contract", "none"}) != "");
    CHECK(name({"-n", "1", "-p", port, "--env", "NOTIFY_SOCKET=/mine"}) == "/mine");
    CHECK(name({"-n", "1", "-p", port, "--env", "NOTIFY_SOCKET="}) == "");
    CHECK(name({"-n", "1", "-p", port, "--contract", "none"}) == "");
    CHECK(name({"-n", "1", "-p", port, "--jobs"}) == "");
    CHECK(name({}) == "");
}

TEST_CASE("a worker does not have the launcher's socket among its descriptors") {
    Cluster cluster({.options = Options(), .command = {Notify(), "READY=1", Behave(), "pause"}});
    cluster.WaitUp();
    cluster.WaitOut("pausing"); // its own socket is closed by then
    CHECK(Descriptors(cluster.WaitOnline(1)).size() == 3);
    CHECK(cluster.Stop() == Exited(143));
}

// --- who is heard ----------------------------------------------------------------------------

TEST_CASE("the worker's main process, a child, an orphan of it") {
    AsEveryone([](bool nobody) {
        for (const char *who : {"self", "child", "orphan"}) {
            INFO(who);
            Cluster cluster(
                {.options = Options({"-n", "2"}),
                 .command = {Reachable(Notify()), "--as", who, "READY=1\nSTATUS=warm enough",
                             Reachable(Behave()), "pause"},
                 .start = {.nobody = nobody}});
            cluster.WaitUp();
            CheckReadyByNotify(cluster, 1);
            CheckReadyByNotify(cluster, 2);
            CHECK(Contains(cluster.Err(), "worker 1 (slot 0) says 'warm enough'"));
            CHECK(!Contains(cluster.Err(), "refused"));
            CHECK(cluster.Stop() == Exited(143));
        }
    });
}

TEST_CASE("a worker of another user, and one that changes its user by itself") {
    if (!IsRoot())
        HARNESS_SKIP("needs root");
    const std::vector<std::string> says = {Reachable(Notify()), "READY=1", Reachable(Behave()),
                                           "pause"};
    {
        Cluster cluster({.options = Options({"--user", "61234:61234"}), .command = says});
        CheckReadyByNotify(cluster, 1);
        CHECK(StatusField(cluster.WaitOnline(1), "Uid").substr(0, 5) == "61234");
        cluster.WaitOut("pausing");
        cluster.Signal(SIGTERM);
        (void)cluster.Wait();
    }
    if (access("/usr/bin/setpriv", X_OK) != 0)
        HARNESS_SKIP("setpriv is not installed, package util-linux");
    std::vector<std::string> changes = {"/usr/bin/setpriv", "--reuid=61234", "--regid=61234",
                                        "--clear-groups"};
    changes.insert(changes.end(), says.begin(), says.end());
    Cluster cluster({.options = Options(), .command = changes});
    CheckReadyByNotify(cluster, 1);
    cluster.WaitOut("pausing");
    cluster.Signal(SIGTERM);
    (void)cluster.Wait();
}

TEST_CASE("systemd-notify, a short-lived child of a shell that is the worker") {
    if (access(SYSTEMD_NOTIFY.c_str(), X_OK) != 0)
        HARNESS_SKIP("systemd-notify is not installed, package systemd");
    AsEveryone([](bool nobody) {
        // It waits until its message was acted on (BARRIER=1): the shell says so afterwards.
        Cluster cluster({.options = Options({"-n", "2"}),
                         .command = Shell("systemd-notify --ready --status='all set' && "
                                          "echo notified && exec " +
                                          Reachable(Behave()) + " pause"),
                         .start = {.nobody = nobody}});
        cluster.WaitUp();
        CheckReadyByNotify(cluster, 1);
        CheckReadyByNotify(cluster, 2);
        CHECK(Contains(cluster.Err(), "worker 2 (slot 1) says 'all set'"));
        CHECK(!Contains(cluster.Err(), "refused"));
        CHECK(WaitFor([&] { return Count(cluster.Out(), "pausing") == 2; }));
        CHECK(Count(cluster.Out(), "notified") == 2);
        CHECK(cluster.Stop() == Exited(143));
    });
}

TEST_CASE("systemd-notify --no-block, which has ended before the launcher looks, is heard") {
    if (access(SYSTEMD_NOTIFY.c_str(), X_OK) != 0)
        HARNESS_SKIP("systemd-notify is not installed, package systemd");
    AsEveryone([](bool nobody) {
        const TempDir directory;
        Cluster cluster({.options = Options(),
                         .command = Shell("echo begun; while ! [ -e " + directory / "go" +
                                          " ]; do :; done; systemd-notify --no-block --ready && "
                                          "echo notified; exec " +
                                          Reachable(Behave()) + " pause"),
                         .start = {.nobody = nobody}});
        cluster.WaitOut("begun");
        cluster.Signal(SIGSTOP); // it cannot look
        directory.Write("go", "");
        cluster.WaitOut("notified");
        cluster.WaitOut("pausing");
        cluster.Signal(SIGCONT);
        CheckReadyByNotify(cluster, 1);
        CHECK(!Contains(cluster.Err(), "refused"));
        CHECK(cluster.Stop() == Exited(143));
    });
}

TEST_CASE("a stranger is refused, and a flood of it is said once") {
    const TempDir directory;
    Cluster cluster(
        {.options = Options(),
         .command = {Notify(), "--when", directory / "go", "READY=1", Behave(), "pause"}});
    const auto name = Environment(cluster.WaitOnline(1)).at("NOTIFY_SOCKET");
    for (int i = 0; i < 500; ++i)
        SendAsStranger(name, "READY=1\nSTATUS=false");
    const std::string refused = "process " + std::to_string(getpid()) + " is none of its processes";
    cluster.WaitErr(refused);
    directory.Write("go", "");
    CheckReadyByNotify(cluster, 1); // read after all that the stranger had sent
    CHECK(cluster.Seen("ready").size() == 1);
    CHECK(!Contains(cluster.Err(), "false"));
    CHECK(Count(cluster.Err(), refused) <= 3); // one in ten seconds
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("a worker has no say about another one") {
    const TempDir directory;
    // The second says to the first one's socket, and stays.
    Cluster cluster(
        {.options = Options({"-n", "2"}),
         .command = Shell("if [ $CLUSTERIZE_SLOT = 0 ]; then echo \"$NOTIFY_SOCKET\" >" +
                          directory / "name.new" + " && mv " + directory / "name.new" + " " +
                          directory / "name" + "; exec " + Notify() + " --when " +
                          directory / "go" + " READY=1 " + Behave() + " pause; fi; while ! [ -e " +
                          directory / "name" + " ]; do :; done; NOTIFY_SOCKET=$(cat " +
                          directory / "name" + ") exec " + Notify() + " --as stays READY=1")});
    cluster.WaitErr("worker 1 (slot 0): message refused: process " +
                    std::to_string(cluster.WaitOnline(2)) + " is none of its processes");
    directory.Write("go", "");
    CheckReadyByNotify(cluster, 1);
    CHECK(cluster.Seen("ready").size() == 1);
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("what a worker says directly before its end counts") {
    Cluster cluster({.options = Options({"--restart", "no"}), .command = {Notify(), "READY=1"}});
    CHECK(cluster.Wait() == Exited(0)); // no boot failure
    CheckReadyByNotify(cluster, 1);
    CHECK(cluster.Seen("up").size() == 1);
    CHECK(cluster.Seen("exit").size() == 1);
    CHECK(cluster.Seen("error").empty());
}

// --- what is said ----------------------------------------------------------------------------

TEST_CASE("MAINPID is refused, its message is not; FDSTORE and others are nobody's affair") {
    Cluster cluster({.options = Options(),
                     .command = {Notify(), "MAINPID=1\nFDSTORE=1\nWATCHDOG=1\nERRNO=7\nREADY=1",
                                 Behave(), "pause"}});
    CheckReadyByNotify(cluster, 1);
    CHECK(Count(cluster.Err(), "MAINPID='1' refused") == 1);
    CHECK(Count(cluster.Err(), "refused") == 1);
    // Its main process stays the one that is signalled.
    cluster.WaitOut("pausing");
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("a message that is too long is refused") {
    Cluster cluster(
        {.options = Options({"--ready-timeout", "300ms"}),
         .command = {Notify(), "READY=1\n" + std::string(5000, 'x'), Behave(), "pause"}});
    CHECK(cluster.Wait() == Exited(143));
    CHECK(Contains(cluster.Err(), "longer than 4096 bytes"));
    CHECK(cluster.Seen("ready").empty());
}

TEST_CASE("STOPPING=1: no new connections") {
    const TempDir directory;
    const std::string say =
        Notify() + " --when " + directory / "go" + " --as stays STOPPING=1 & exec ";
    Cluster cluster({.options = Options({"-n", "2", "-p", "127.0.0.1:0"}),
                     .command = Shell("if [ $CLUSTERIZE_SLOT = 1 ]; then " + say + Notify() +
                                      " READY=1 " + EchoServer() + " --no-contract 1; fi; exec " +
                                      Notify() + " READY=1 " + EchoServer() + " --no-contract 1")});
    cluster.WaitUp();
    CHECK(Shares(cluster.Address(), 60).size() == 2);
    directory.Write("go", "");
    cluster.WaitErr("worker 2 (slot 1) says that it stops");
    const auto shares = Shares(cluster.Address(), 60);
    CHECK(shares.size() == 1);
    CHECK(shares.count("0") == 1);
    CHECK(cluster.Seen("exit").empty());
    CHECK(StopServers(cluster) == Exited(0));
}
