// A cluster that is up and has nothing to do does nothing: the launcher sleeps, and so does what watches it.

#include "Support.hxx"

#include <csignal>
#include <deque>
#include <poll.h>
#include <sstream>
#include <unistd.h>

using namespace process;

namespace {

/** How often the process has gone to sleep or was put aside since its start. */
long Switches(pid_t pid) {
    const std::string own = StatusField(pid, "voluntary_ctxt_switches");
    const std::string others = StatusField(pid, "nonvoluntary_ctxt_switches");
    REQUIRE(own != "");
    REQUIRE(others != "");
    return std::stol(own) + std::stol(others);
}

/** The launcher and what it has started for itself. */
std::vector<pid_t> Own(Cluster &cluster) {
    std::vector<pid_t> own = {cluster.Pid()};
    std::set<pid_t> workers;
    for (const auto &worker : cluster.Workers())
        workers.insert(worker.second);
    for (const pid_t child : Children(cluster.Pid()))
        if (workers.count(child) == 0)
            own.push_back(child);
    return own;
}

/** What follows from becoming ready or from a connection, a look at who holds what say, is over. */
bool IsAsleep(pid_t pid, int milliseconds = 300) {
    const long switches = Switches(pid);
    (void)poll(nullptr, 0, milliseconds);
    return Switches(pid) == switches && State(pid) == 'S';
}

/** How many connections wait in the queue of a listening TCP socket: proc(5), rx_queue of /proc/net/tcp. */
unsigned long Waiting(unsigned long inode) {
    for (const std::string &line : Lines(ReadFile("/proc/net/tcp"))) {
        std::istringstream words(line);
        std::string word, queues, found;
        for (unsigned i = 0; i < 10 && words >> word; i++)
            (i == 4 ? queues : found) = word;
        if (found == std::to_string(inode))
            return std::stoul(queues.substr(queues.find(':') + 1), nullptr, 16);
    }
    return 0;
}

} // namespace

TEST_CASE("no wake-up in ten seconds") {
    const TempDir directory;
    const std::vector<std::vector<std::string>> extras = {
        {},
        {"--events", directory / "events", "--log-level", "debug"},
        {"--output", "prefix"},
        {"--output", "events"},
        {"--ready", "notify"},
        {"--pid-file", directory / "pid", "--max-restarts", "1/1s", "--stop-delay", "1s"},
    };
    const std::vector<std::string> pausing = {Behave(), "pause"};
    const std::vector<std::string> notifying = {
        "python3", "-c",
        "import os, signal, socket\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "s.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])\n"
        "signal.pause()\n"};
    std::deque<Cluster> clusters;
    for (const auto &extra : extras) {
        std::vector<std::string> options = {"-n", "2", "-p", "127.0.0.1:0"};
        options.insert(options.end(), extra.begin(), extra.end());
        const bool own_events = extra.empty() || extra[0] != "--events";
        const bool notifies = !extra.empty() && extra[0] == "--ready";
        clusters.emplace_back(Setup{
            .options = options, .command = notifies ? notifying : pausing, .events = own_events});
    }
    // And one whose workers have bound their port themselves.
    clusters.emplace_back(
        Setup{.options = {"-n", "2"},
              .command = {Program("binder"), "tcp:127.0.0.1:" + std::to_string(FreePort())}});
    clusters.back().WaitUp();
    for (size_t i = 0; i < extras.size(); ++i)
        if (extras[i].empty() || extras[i][0] != "--events")
            clusters[i].WaitUp();
        else
            clusters[i].WaitErr("up: 2 workers");
    for (Cluster &cluster : clusters)
        REQUIRE(WaitFor([&] { return !HasErrands(cluster); }));
    std::map<pid_t, long> before;
    std::map<pid_t, size_t> whose;
    for (size_t i = 0; i < clusters.size(); ++i)
        for (const pid_t pid : Own(clusters[i])) {
            REQUIRE(WaitFor([pid] { return IsAsleep(pid); }));
            whose[pid] = i;
        }
    for (const auto &entry : whose)
        before[entry.first] = Switches(entry.first);

    // The time is the subject itself here.
    (void)poll(nullptr, 0, 10'000);

    for (const auto &entry : before) {
        INFO("cluster ", whose[entry.first], ": ", CommandLine(entry.first));
        CHECK(Switches(entry.first) == entry.second);
    }
    // The counter counts: a signal is a wake-up.
    const pid_t launcher = clusters[0].Pid();
    const long quiet = Switches(launcher);
    clusters[0].Signal(SIGURG);
    CHECK(WaitFor([&] { return Switches(launcher) > quiet; }));
    for (Cluster &cluster : clusters) {
        cluster.Signal(SIGTERM);
        CHECK(cluster.Wait() == Exited(&cluster == &clusters.back() ? 0 : 143));
    }
}

TEST_CASE("no wake-up in five seconds after traffic, also while a stopped worker holds a queue") {
    AsEveryone([](bool nobody) {
        Cluster cluster({.options = {"-n", "4", "-p", "127.0.0.1:0", "--balance", "rr", "--ready",
                                     "exec"}, // no timer that shows who is alive
                         .command = {EchoServer()},
                         .start = {.nobody = nobody}});
        cluster.WaitUp();
        const std::string address = cluster.Address();
        if (nobody)
            CHECK(cluster.WaitEvent("setup").Object("balance").Text("tier") == "queue watch");
        CHECK(Shares(address, 200).size() == 4);
        const pid_t stopped = cluster.Workers().at(1);
        REQUIRE(kill(stopped, SIGSTOP) == 0);
        const unsigned long socket = SocketInode(Descriptors(stopped)[3]);
        std::deque<Connection> clients;
        while (Waiting(socket) == 0) {
            REQUIRE(clients.size() < 1000);
            clients.emplace_back(address).Send("who\n");
        }
        const pid_t launcher = cluster.Pid();
        REQUIRE(WaitFor([launcher] { return IsAsleep(launcher, 1'000); }));
        const long before = Switches(launcher);
        // The time is the subject itself here.
        (void)poll(nullptr, 0, 5'000);
        CHECK(Switches(launcher) == before);
        CHECK(Waiting(socket) > 0);

        // It takes what has waited, and nothing is lost.
        REQUIRE(kill(stopped, SIGCONT) == 0);
        for (Connection &client : clients)
            CHECK(Contains(client.Line(), "slot="));
        CHECK(StopServers(cluster) == Exited(0));
    });
}
