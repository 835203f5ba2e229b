// Programs that bind a unix socket themselves.

#include "Binders.hxx"

#include <csignal>
#include <deque>
#include <sys/stat.h>
#include <unistd.h>

using namespace process;

namespace {

bool Exists(const std::string &path) {
    struct stat st {};
    return lstat(path.c_str(), &st) == 0;
}

/** Everything in a directory, but for names with a dot in front, which are not the program's. */
size_t CountFiles(const TempDir &directory) {
    const auto listed = Run({.argv = {"ls", "-A", directory.Path()}});
    return Lines(listed.out).size();
}

} // namespace

TEST_CASE("a path that the program unlinks first is shared by all") {
    AsEveryone([](bool nobody) {
        const TempDir directory;
        if (nobody && IsRoot())
            directory.GiveTo(NOBODY, NOBODY);
        const std::string path = directory / "server.sock";
        // What an earlier run has left behind.
        ListenOn("unix:" + path).Close();
        if (nobody && IsRoot())
            REQUIRE(chown(path.c_str(), NOBODY, NOBODY) == 0);
        Binders cluster({"--ready", "listen"}, {"unix:" + path + ",unlink"}, {.nobody = nobody});
        cluster.WaitServing();
        CHECK(cluster.Same(0, "bind") == "0");
        CHECK(cluster.Same(0, "listen") == "0");
        CHECK(cluster.Same(0, "name") == "unix:" + path);
        const auto event = cluster.WaitListening();
        CHECK(event.Text("address") == path);
        CHECK(event.Number("port") == -1);
        CHECK(event.Number("addressType") == -1);
        cluster.WaitUp();
        CHECK(cluster.AllAnswer("unix:" + path));
        CHECK(cluster.Stop() == Exited(0));
        // It stays, as it would alone; nothing else does.
        CHECK(Exists(path));
        CHECK(IsRefused("unix:" + path));
        CHECK(CountFiles(directory) == 1);
    });
}

TEST_CASE("a path that the program does not unlink") {
    const TempDir directory;
    const std::string path = directory / "server.sock";
    Binders cluster({"--ready", "listen"}, {"unix:" + path});
    cluster.WaitServing();
    CHECK(cluster.AllAnswer("unix:" + path));
    // A replacement comes to a path that its cluster still serves.
    REQUIRE(kill(cluster.WaitOnline(1), SIGKILL) == 0);
    WaitReady(cluster, 4);
    CHECK(cluster.AllAnswer("unix:" + path));
    CHECK(cluster.Stop() == Exited(0));
    CHECK(CountFiles(directory) == 1);
}

TEST_CASE("a path that is there already is in use, as it would be alone") {
    const TempDir directory;
    const std::string path = directory / "server.sock";
    const Fd other = ListenOn("unix:" + path);
    Binders cluster({"--ready", "exec"}, {"unix:" + path});
    CHECK(cluster.Same(0, "bind") == "EADDRINUSE");
    cluster.WaitServing();
    CHECK(!IsRefused("unix:" + path));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a relative path counts from the worker's directory") {
    const TempDir directory;
    REQUIRE(mkdir((directory / "below").c_str(), 0755) == 0);
    Binders cluster({"--ready", "listen", "--chdir", directory / "below"},
                    {"unix:server.sock,unlink"}, {.cwd = directory.Path()});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "name") == "unix:server.sock");
    CHECK(cluster.AllAnswer("unix:" + directory / "below/server.sock"));
    CHECK(!Exists(directory / "server.sock"));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("an abstract name") {
    AsEveryone([](bool nobody) {
        const std::string name = "unix:@clusterize-test-adopted-" + std::to_string(FreePort());
        Binders cluster({"--ready", "listen"}, {name}, {.nobody = nobody});
        cluster.WaitServing();
        CHECK(cluster.Same(0, "name") == name);
        CHECK(cluster.AllAnswer(name));
        CHECK(cluster.Stop() == Exited(0));
        CHECK(IsRefused(name));
    });
}

TEST_CASE("owner and mode are as the worker would have made them") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    for (const bool docker : {false, true}) {
        const TempDir directory;
        directory.GiveTo(4001, 4002);
        const std::string path = directory / "server.sock";
        Binders cluster({"--ready", "listen", "--user", "4001:4002"}, {"unix:" + path},
                        {.docker_capabilities = docker, .docker_profile = docker});
        cluster.WaitServing();
        CHECK(cluster.Same(0, "listen") == "0");
        struct stat st {};
        REQUIRE(stat(path.c_str(), &st) == 0);
        CHECK(st.st_uid == 4001);
        CHECK(st.st_gid == 4002);
        const mode_t mask = umask(0);
        (void)umask(mask);
        CHECK((st.st_mode & 07777) == (0777 & ~mask));
        CHECK(cluster.AllAnswer("unix:" + path));
        CHECK(cluster.Stop() == Exited(0));
    }
}

TEST_CASE(
    "a path that begins with @ is one: it is made with the worker's rights, in its directory") {
    const TempDir directory;
    REQUIRE(mkdir((directory / "below").c_str(), 0777) == 0);
    REQUIRE(chmod((directory / "below").c_str(), 0777) == 0);
    std::vector<std::string> options = {"--ready", "listen", "--chdir", directory / "below"};
    if (IsRoot())
        options.insert(options.end(), {"--user", "4001:4002"});
    Binders cluster(options, {"unix:@sock,file,unlink"}, {.cwd = directory.Path()});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "listen") == "0");
    CHECK(!Exists(directory / "@sock"));
    struct stat st {};
    REQUIRE(stat((directory / "below/@sock").c_str(), &st) == 0);
    CHECK(st.st_uid == (IsRoot() ? 4001 : getuid()));
    CHECK(cluster.AllAnswer("unix:" + directory / "below/@sock"));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("where a worker may not create a path, nothing is created with the launcher's rights") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const TempDir directory;
    const std::string path = directory / "server.sock";
    Binders cluster({"--user", "4001:4002", "--ready", "exec"}, {"unix:" + path});
    CHECK(cluster.Same(0, "bind") == "EACCES");
    cluster.WaitServing();
    CHECK(CountFiles(directory) == 0);
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a path with newlines and escapes forges no line of the log") {
    const TempDir directory;
    const std::string path = directory / "x\nclusterize: worker 7 was killed by SIGKILL\x1b[31m";
    Cluster cluster({.options = {"-n", "2", "--ready", "listen", "--log-level", "debug"},
                     .command = {Program("binder"), "unix:" + path}});
    cluster.WaitUp();
    (void)cluster.Stop();
    CHECK(Contains(cluster.Err(), "x\\x0aclusterize: worker 7 was killed by SIGKILL\\x1b[31m is "
                                  "shared by 2 workers"));
    CHECK_FALSE(Contains(cluster.Err(), "\x1b"));
    for (const std::string &line : Lines(cluster.Err()))
        CHECK_FALSE(line.starts_with("clusterize: worker 7"));
}

TEST_CASE("a worker that listens on many paths leaves half of the launcher's descriptors free") {
    constexpr rlim_t LIMIT = 128;
    for (const unsigned workers : {1U, 2U}) {
        CAPTURE(workers);
        const TempDir directory;
        std::vector<std::string> steps;
        for (int i = 0; i < 80; ++i)
            steps.push_back("unix:" + directory / std::to_string(i));
        Binders cluster({"-n", std::to_string(workers), "--ready", "exec"}, steps,
                        {.limits = {{RLIMIT_NOFILE, LIMIT, LIMIT}}}, workers);
        cluster.WaitServing();
        CHECK(Count(cluster.Out(), "=EMFILE") >= 1);
        const auto open = Descriptors(cluster.Pid()).size();
        MESSAGE(open, " of ", LIMIT, " descriptors");
        // One more may be open for a look.
        CHECK(open <= LIMIT / 2 + 1);
        CHECK(open >= LIMIT / 4);
        (void)cluster.Stop();
    }
}

TEST_CASE("a path that a worker removes at its end is put back while others serve it") {
    AsEveryone([](bool nobody) {
        const TempDir directory;
        if (nobody && IsRoot())
            directory.GiveTo(NOBODY, NOBODY);
        const std::string path = directory / "server.sock";
        Binders cluster({"--restart", "on-failure"}, {"unix:" + path + ",unlink,remove"},
                        {.nobody = nobody});
        cluster.WaitUp();
        REQUIRE(kill(cluster.WaitOnline(1), SIGTERM) == 0);
        CHECK(cluster.WaitEvent("exit").Number("code") == 0);
        CHECK(WaitFor([&] { return Answers("unix:" + path); }));
        cluster.WaitErr(path + " was removed, and is put back, as workers serve it");
        REQUIRE(kill(cluster.WaitOnline(2), SIGTERM) == 0);
        (void)cluster.WaitEvents("exit", 2);
        CHECK(WaitFor([&] { return Answers("unix:" + path); }));
        // The last one, as it would alone.
        REQUIRE(kill(cluster.WaitOnline(3), SIGTERM) == 0);
        CHECK(cluster.Wait() == Exited(0));
        CHECK(CountFiles(directory) == 0);
    });
}

TEST_CASE("a path that a worker removes long before its end is put back") {
    const TempDir directory;
    const std::string path = directory / "server.sock";
    Binders cluster({"--log-level", "debug"}, {"unix:" + path + ",unlink,remove,stay"});
    cluster.WaitUp();
    size_t count = Count(cluster.Err(), " is put back");
    for (const unsigned id : {1U, 3U}) {
        REQUIRE(kill(cluster.WaitOnline(id), SIGTERM) == 0);
        ++count;
        CHECK(WaitFor([&] { return Count(cluster.Err(), " is put back") == count; }));
        CHECK(Answers("unix:" + path));
    }
    CHECK(cluster.Seen("exit").empty());
    (void)cluster.Stop();
    CHECK(CountFiles(directory) == 0);
}

TEST_CASE("launchers that are killed while their workers go on: the next leaves no hidden names") {
    const TempDir directory;
    const std::string path = directory / "server.sock";
    {
        std::deque<Binders> killed;
        for (int i = 0; i < 3; ++i) {
            Binders &cluster = killed.emplace_back(
                std::vector<std::string>{"--stop-timeout", "2"},
                std::vector<std::string>{"unix:" + path + ",unlink,remove,stay"});
            cluster.WaitServing();
            (void)WaitWatcher(cluster);
            cluster.Signal(SIGKILL);
            CHECK(cluster.Wait() == Killed(SIGKILL));
        }
        for (Binders &cluster : killed)
            REQUIRE(WaitFor([&] { return cluster.Leftovers().empty(); }));
    }
    Binders cluster({}, {"unix:" + path + ",unlink"});
    cluster.WaitServing();
    CHECK(cluster.Stop() == Exited(0));
    CHECK(CountFiles(directory) == 1);
}

TEST_CASE("a file that takes the place of a path that workers serve stays there") {
    const TempDir directory;
    const std::string path = directory / "server.sock", other = directory / "other.sock";
    Binders cluster({}, {"unix:" + path + ",unlink"});
    cluster.WaitUp();
    const Fd taken = ListenOn("unix:" + other);
    REQUIRE(rename(other.c_str(), path.c_str()) == 0);
    REQUIRE(kill(cluster.WaitOnline(1), SIGKILL) == 0);
    (void)cluster.WaitEvent("exit");
    CHECK(cluster.Stop() == Exited(0));
    CHECK(!IsRefused("unix:" + path));
}

TEST_CASE("a worker that looks whether its own path is served comes back after a crash") {
    const TempDir directory;
    const std::string path = directory / "s.";
    const std::string script = directory.Write("probe.py", R"(
import os, signal, socket, sys
path = sys.argv[1] + os.environ['CLUSTERIZE_SLOT']
probe = socket.socket(socket.AF_UNIX)
try:
    probe.connect(path)
    sys.exit('in use')
except (FileNotFoundError, ConnectionRefusedError):
    pass
if os.path.exists(path):
    os.unlink(path)
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen()
print('serving', flush=True)
signal.pause()
)");
    for (const unsigned workers : {1U, 2U}) {
        CAPTURE(workers);
        Cluster cluster(
            {.options = {"-n", std::to_string(workers), "--restart", "always", "--ready", "listen"},
             .command = {"/usr/bin/python3", script, path}});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving\n") == workers; }));
        (void)kill(cluster.WaitOnline(1), SIGKILL);
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving\n") == workers + 1; }));
        CHECK(cluster.Stop() == Exited(143));
    }
}
