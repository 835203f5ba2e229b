// Time in which the launcher was stopped from outside counts for no timeout.

#include "Support.hxx"

#include <csignal>
#include <cstdio>
#include <sys/stat.h>
#include <unistd.h>

using namespace process;

namespace {

/** The launcher is stopped for so long that every timer of it would be due. */
void StopFor(const Cluster &cluster, double seconds) {
    cluster.Signal(SIGSTOP);
    REQUIRE(WaitFor([&] { return State(cluster.Pid()) == 'T'; }));
    const auto stopped = Now();
    REQUIRE(WaitFor([&] { return SecondsSince(stopped) > seconds; }));
    cluster.Signal(SIGCONT);
}

bool WriteFile(const std::string &file, const std::string &text) {
    FILE *stream = std::fopen(file.c_str(), "we");
    const bool done = stream != nullptr && std::fputs(text.c_str(), stream) >= 0;
    return stream != nullptr && std::fclose(stream) == 0 && done;
}

/** A control group that can be frozen, of either version. */
class Freezer {
public:
    Freezer() {
        const std::string name = "/clusterize-test-" + std::to_string(getpid());
        for (const char *parent :
             {"/sys/fs/cgroup/freezer", "/sys/fs/cgroup", "/sys/fs/cgroup/unified"})
            for (const char *file : {"/freezer.state", "/cgroup.freeze"}) {
                if (!control.empty() || mkdir((parent + name).c_str(), 0755) != 0)
                    continue;
                group = parent + name;
                if (access((group + file).c_str(), W_OK) == 0)
                    control = group + file;
                else
                    (void)rmdir(group.c_str());
            }
    }
    ~Freezer() {
        if (!control.empty())
            CHECK(WaitFor([this] { return rmdir(group.c_str()) == 0; }));
    }
    Freezer(const Freezer &) = delete;
    Freezer &operator=(const Freezer &) = delete;

    bool IsThere() const { return !control.empty(); }
    bool Take(pid_t pid) const { return WriteFile(group + "/cgroup.procs", std::to_string(pid)); }
    bool Freeze(bool on) const {
        const bool old = control.find("state") != std::string::npos;
        return WriteFile(control, old ? (on ? "FROZEN" : "THAWED") : (on ? "1" : "0"));
    }

private:
    std::string group, control;
};

} // namespace

TEST_CASE("a stop of the launcher is no part of --stop-timeout") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "3s"},
                     .command = {Behave(), "ignore-term"}});
    cluster.WaitOut("ignoring");
    cluster.WaitUp(); // no other timer than that of the kill is left
    cluster.Signal(SIGTERM);
    (void)cluster.WaitEvent("stop");
    StopFor(cluster, 5);
    const auto continued = Now();
    CHECK(cluster.Wait() == Exited(137));
    CHECK(SecondsSince(continued) > 2);
}

TEST_CASE("nor of the time after which a worker counts as ready") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"},
                     .command = {Behave(), "pause"}}); // which shows no other sign
    (void)cluster.WaitOnline(1);
    (void)WaitWatcher(cluster); // soon after
    StopFor(cluster, 5);
    const auto continued = Now();
    cluster.WaitUp();
    CHECK(SecondsSince(continued) > 2);
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("a SIGCONT without a stop puts nothing off that begins with it, such as systemd's") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "1s"},
                     .command = {Behave(), "ignore-term"}});
    cluster.WaitOut("ignoring");
    cluster.WaitUp();
    const auto up = Now();
    REQUIRE(WaitFor([&] { return SecondsSince(up) > 3; })); // asleep for longer than the timeout
    const auto asked = Now();
    cluster.Signal(SIGTERM);
    cluster.Signal(SIGCONT);
    CHECK(cluster.Wait() == Exited(137));
    CHECK(SecondsSince(asked) > 0.9);
}

TEST_CASE("a worker that sends SIGCONT does not keep itself from being killed") {
    // Any process of the session may send it, whatever its user.
    const std::vector<std::string> user =
        IsRoot() ? std::vector<std::string>{"--user", "65534:65534"} : std::vector<std::string>();
    Setup setup{
        .options = {"-n", "1", "-p", "127.0.0.1:0", "--ready", "exec", "--stop-timeout", "1s"},
        .command = {"/bin/sh", "-c",
                    "trap '' TERM; echo ignoring; i=0; while [ $i -lt 3000 ]; do "
                    "kill -CONT $PPID; sleep 0.01; i=$((i + 1)); done"}};
    setup.options.insert(setup.options.end(), user.begin(), user.end());
    Cluster cluster(std::move(setup));
    cluster.WaitOut("ignoring");
    cluster.WaitUp();
    cluster.Signal(SIGTERM);
    CHECK(cluster.Wait() == Exited(137));
}

TEST_CASE("a launcher that was frozen, as docker pause does it, has no time behind it either") {
    const Freezer freezer;
    if (!freezer.IsThere())
        HARNESS_SKIP("no control group can be frozen here");
    Cluster cluster(
        {.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "3s", "--stop-delay", "2s"},
         .command = {Behave(), "ignore-term"}});
    cluster.WaitOut("ignoring");
    cluster.WaitUp();
    REQUIRE(freezer.Take(cluster.Pid()));
    cluster.Signal(SIGTERM);
    (void)cluster.WaitEvent("stop");
    REQUIRE(freezer.Freeze(true));
    const auto frozen = Now();
    REQUIRE(WaitFor([&] { return SecondsSince(frozen) > 5; }));
    REQUIRE(freezer.Freeze(false));
    const auto thawed = Now();
    // From the delay to the kill, at least; where the kernel tells of the freeze, the whole of it.
    CHECK(cluster.Wait() == Exited(137));
    CHECK(SecondsSince(thawed) > 0.9);
}
