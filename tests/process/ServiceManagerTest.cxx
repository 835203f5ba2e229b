// What a service manager hears: at the NOTIFY_SOCKET of the launcher, and in its journal.

#include "Support.hxx"

#include <csignal>
#include <cstddef>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace process;

namespace {

/** In place of systemd: a socket that datagrams come to. */
class Manager {
public:
    explicit Manager(const std::string &name) {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        REQUIRE(name.size() < sizeof(address.sun_path));
        std::memcpy(address.sun_path, name.data(), name.size());
        socklen_t length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        if (name[0] == '@')
            address.sun_path[0] = '\0';
        else
            ++length;
        REQUIRE(bind(fd.Get(), reinterpret_cast<const sockaddr *>(&address), length) == 0);
    }

    /** All messages so far, each with "|" behind it. */
    const std::string &Heard() {
        char buffer[4096];
        for (;;) {
            const ssize_t size = recv(fd.Get(), buffer, sizeof buffer, MSG_DONTWAIT);
            if (size < 0)
                return heard;
            heard.append(buffer, static_cast<size_t>(size)).append("|");
        }
    }

    /** Waits until it was pinged so often. */
    void WaitPings(size_t count) {
        INFO("heard ", Heard());
        CHECK(harness::WaitFor([&] { return Count(Heard(), "WATCHDOG=1|") >= count; }));
    }

    void WaitFor(const std::string &text) {
        INFO("waiting for ", text, ", heard ", Heard());
        CHECK(harness::WaitFor([&] { return Contains(Heard(), text); }));
    }

    Fd fd{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};

private:
    std::string heard;
};

std::string Abstract() {
    return "@clusterize-test-" + std::to_string(getpid());
}

std::vector<std::string> Says() {
    return {Reachable(Program("notify")), "READY=1", Reachable(Behave()), "pause"};
}

} // namespace

TEST_CASE("one READY=1 when all are up, the number of those that are ready, STOPPING=1") {
    AsEveryone([](bool nobody) {
        const TempDir directory;
        for (const std::string &name : {directory / "notify", Abstract()}) {
            INFO(name);
            Manager manager(name);
            if (name[0] == '/')
                REQUIRE(chmod(name.c_str(), 0777) == 0);
            Cluster cluster({.options = {"-n", "2", "--ready", "notify"},
                             .command = Says(),
                             .start = {.env = {{"NOTIFY_SOCKET", name}}, .nobody = nobody}});
            manager.WaitFor("|READY=1\nSTATUS=2/2 workers ready|");
            CHECK(manager.Heard().rfind("STATUS=0/2 workers ready|STATUS=1/2 workers ready|", 0) ==
                  0);
            const auto own = Environment(cluster.WaitOnline(1)).at("NOTIFY_SOCKET");
            CHECK(own != name);
            (void)kill(cluster.WaitOnline(1), SIGKILL);
            WaitReady(cluster, 3);
            manager.WaitFor("STATUS=1/2 workers ready|STATUS=2/2 workers ready|");
            CHECK(!Contains(manager.Heard(), "STOPPING"));
            CHECK(cluster.Stop() == Exited(143));
            manager.WaitFor("STOPPING=1\n");
            CHECK(Count(manager.Heard(), "READY=1") == 1);
            CHECK(Count(manager.Heard(), "STOPPING=1") == 1);
            CHECK(manager.Heard().ends_with("STATUS=0/2 workers ready|"));
            CHECK(!Contains(cluster.Err(), "NOTIFY_SOCKET"));
        }
    });
}

TEST_CASE("a cluster that never comes up never says so") {
    Manager manager(Abstract());
    Cluster cluster({.options = {"-n", "2", "--ready", "notify"},
                     .command = {Behave(), "exit-with", "3"},
                     .start = {.env = {{"NOTIFY_SOCKET", Abstract()}}}});
    CHECK(cluster.Wait() == Exited(3));
    CHECK(!Contains(manager.Heard(), "READY=1"));
}

TEST_CASE("jobs say nothing there, and do not have it either") {
    Manager manager(Abstract());
    const Result result =
        RunClusterize({"-n", "2", "--", "env"}, {.env = {{"NOTIFY_SOCKET", Abstract()}}});
    CHECK(result.ended == Exited(0));
    CHECK(!Contains(result.out, "NOTIFY_SOCKET"));
    CHECK(manager.Heard().empty());
}

TEST_CASE("nobody there, or no unix socket: a warning, and no more than that") {
    for (const char *name : {"/nonexistent/notify", "@clusterize-test-nobody", "vsock:2:1234"}) {
        INFO(name);
        Cluster cluster({.options = {"-n", "2", "--ready", "exec"},
                         .command = {Behave(), "pause"},
                         .start = {.env = {{"NOTIFY_SOCKET", name}}}});
        cluster.WaitUp();
        cluster.WaitErr("NOTIFY_SOCKET");
        CHECK(cluster.Stop() == Exited(143));
        CHECK(Count(cluster.Err(), "NOTIFY_SOCKET") == 1);
    }
}

TEST_CASE("somebody who does not read holds nothing up") {
    Manager manager(Abstract());
    Cluster cluster({.options = {"-n", "1", "--ready", "exec", "--restart", "always"},
                     .command = {Behave(), "pause"},
                     .start = {.env = {{"NOTIFY_SOCKET", Abstract()}}}});
    cluster.WaitUp();
    sockaddr_un address = {};
    socklen_t length = sizeof address;
    REQUIRE(getsockname(manager.fd.Get(), reinterpret_cast<sockaddr *>(&address), &length) == 0);
    const Fd noise(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    while (sendto(noise.Get(), "x", 1, MSG_DONTWAIT, reinterpret_cast<sockaddr *>(&address),
                  length) == 1) {
    }
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    WaitReady(cluster, 2);
    CHECK(cluster.Stop() == Exited(143));
}

namespace {

/** A launcher that a service manager watches; `pid` is a word of sh. */
Cluster Watched(std::vector<std::string> options, const std::string &pid) {
    return Cluster({.options = std::move(options),
                    .command = {Behave(), "pause"},
                    .start = {.env = {{"NOTIFY_SOCKET", Abstract()}, {"WATCHDOG_USEC", "100000"}}},
                    .wrapper = {"/bin/sh", "-c", pid + " exec \"$@\"", "sh"}});
}

} // namespace

TEST_CASE("a service manager with a watchdog does not take the launcher for one that hangs") {
    for (const char *pid : {"WATCHDOG_PID=$$", ""}) {
        INFO(pid);
        Manager manager(Abstract());
        Cluster cluster = Watched({"-n", "2", "--ready", "exec"}, pid);
        manager.WaitFor("READY=1\nSTATUS=2/2 workers ready|");
        manager.WaitPings(5);
        for (const char *name : {"WATCHDOG_USEC", "WATCHDOG_PID"})
            CHECK(!Environment(cluster.WaitOnline(1)).contains(name));
        CHECK(cluster.Stop() == Exited(143));
        CHECK(!Contains(cluster.Err(), "WATCHDOG"));
    }
}

TEST_CASE("the same for jobs, of which it hears nothing else") {
    Manager manager(Abstract());
    Cluster cluster = Watched({"--jobs", "-n", "2"}, "WATCHDOG_PID=$$");
    manager.WaitPings(5);
    CHECK(cluster.Stop() == Exited(143));
    const std::string heard = manager.Heard();
    CHECK(heard.size() == Count(heard, "WATCHDOG=1|") * std::string("WATCHDOG=1|").size());
}

TEST_CASE("a watchdog of another process is not pinged, and a time that is none is ignored") {
    Manager manager(Abstract());
    {
        Cluster cluster = Watched({"-n", "1", "--ready", "exec"}, "WATCHDOG_PID=1");
        cluster.WaitUp();
        CHECK(cluster.Stop() == Exited(143));
        CHECK(!Contains(cluster.Err(), "WATCHDOG"));
    }
    for (const char *time : {"0", "-1", "1s", "99999999999999999999"}) {
        INFO(time);
        Cluster cluster = Watched({"-n", "1", "--ready", "exec"},
                                  "WATCHDOG_PID=$$ WATCHDOG_USEC=" + std::string(time));
        cluster.WaitUp();
        CHECK(cluster.Stop() == Exited(143));
        CHECK(Contains(cluster.Err(), "WATCHDOG_USEC=" + std::string(time) +
                                          ": not a number of microseconds, ignored"));
    }
    CHECK(!Contains(manager.Heard(), "WATCHDOG"));
}

namespace {

/** Runs it with the standard error named as the journal, or something else named so. */
Result WithJournal(std::vector<std::string> arguments, bool other = false) {
    std::vector<std::string> argv = {"/bin/sh", "-c",
                                     "export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2)" +
                                         std::string(other ? "0" : "") + "; exec \"$@\"",
                                     "sh", ClusterizePath()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return Run({.argv = std::move(argv)});
}

} // namespace

TEST_CASE("a log that goes to the journal has the priority of each line before it") {
    const std::vector<std::string> fails = {
        "--stop-delay", "9s", "-n", "1", "--", "sh", "-c", "echo \"<5>x\" >&2; exit 3"};
    const Result result = WithJournal(fails);
    CHECK(result.ended == Exited(3));
    CHECK(Contains(result.err, "<4>clusterize: --stop-delay is not shorter"));
    CHECK(Contains(result.err, "<5>x\n"));
    CHECK(Count(result.err, "clusterize: ") == Count(result.err, ">clusterize: "));
    CHECK(Contains(WithJournal({"--nonsense", "true"}).err, "<3>clusterize: "));
    const Result other = WithJournal(fails, true);
    CHECK(Contains(other.err, "\nclusterize: ") + other.err.starts_with("clusterize: ") > 0);
    CHECK(!Contains(other.err, ">clusterize: "));
}
