// Unix sockets: mode and owner, stale and live paths, what is unlinked at the end and what is not.

#include "Support.hxx"

#include <csignal>
#include <cstdio>
#include <sys/stat.h>
#include <unistd.h>

using namespace process;

namespace {

struct stat Look(const std::string &path) {
    struct stat st {};
    REQUIRE(lstat(path.c_str(), &st) == 0);
    return st;
}

bool Exists(const std::string &path) {
    return access(path.c_str(), F_OK) == 0;
}

} // namespace

TEST_CASE("a path: served by all workers over one socket, gone at the end") {
    AsEveryone([](bool nobody) {
        const TempDir directory;
        if (nobody && IsRoot())
            directory.GiveTo(NOBODY, NOBODY);
        const std::string path = directory / "server.sock";
        Cluster cluster({.options = {"-n", "2", "-l", "unix:" + path},
                         .command = {EchoServer()},
                         .start = {.nobody = nobody}});
        CHECK(cluster.Address() == "unix:" + path);
        CHECK(Field(AskUntilAnswered("unix:" + path, "who"), "generation") == "1");
        const auto inode = SocketInode(Descriptors(cluster.WaitOnline(1))[3]);
        CHECK(inode != 0);
        CHECK(inode == SocketInode(Descriptors(cluster.WaitOnline(2))[3]));
        CHECK(S_ISSOCK(Look(path).st_mode));
        CHECK(StopServers(cluster) == Exited(0));
        CHECK(!Exists(path));
    });
}

TEST_CASE("a relative path counts from the launcher's directory") {
    const TempDir directory;
    Cluster cluster({.options = {"-n", "1", "-l", "unix:relative.sock", "--chdir", "/"},
                     .command = {EchoServer()},
                     .start = {.cwd = directory.Path()}});
    (void)cluster.WaitOnline(1);
    CHECK(Field(AskUntilAnswered("unix:" + directory / "relative.sock", "who"), "id") == "1");
    CHECK(StopServers(cluster) == Exited(0));
    CHECK(!Exists(directory / "relative.sock"));
}

TEST_CASE("mode=") {
    const TempDir directory;
    for (const unsigned mode : {0600U, 0660U, 0666U}) {
        const std::string path = directory / "server.sock";
        char text[8];
        std::snprintf(text, sizeof text, "%04o", mode);
        Cluster cluster({.options = {"-n", "1", "-l", "unix:" + path + ",mode=" + text},
                         .command = {EchoServer()}});
        (void)cluster.WaitOnline(1);
        CHECK((Look(path).st_mode & 07777) == mode);
        CHECK(StopServers(cluster) == Exited(0));
    }
}

TEST_CASE("user= and group=") {
    if (!IsRoot())
        HARNESS_SKIP("changing the owner needs root");
    const TempDir directory;
    const std::string path = directory / "server.sock";
    Cluster cluster(
        {.options = {"-n", "1", "-l", "web=unix:" + path + ",mode=0640,user=4001,group=4002"},
         .command = {EchoServer()}});
    (void)cluster.WaitOnline(1);
    CHECK(Look(path).st_uid == 4001);
    CHECK(Look(path).st_gid == 4002);
    CHECK((Look(path).st_mode & 07777) == 0640);
    CHECK(Field(Ask("unix:" + path, "who"), "listener") == "web");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("a stale socket file is replaced") {
    const TempDir directory;
    const std::string path = directory / "server.sock";
    ListenOn("unix:" + path).Close();
    REQUIRE(Exists(path));
    REQUIRE(IsRefused("unix:" + path));
    Cluster cluster({.options = {"-n", "1", "-l", "unix:" + path}, .command = {EchoServer()}});
    CHECK(Field(AskUntilAnswered("unix:" + path, "who"), "id") == "1");
    CHECK(StopServers(cluster) == Exited(0));
    CHECK(!Exists(path));
}

TEST_CASE("the socket file of a launcher that was killed is replaced") {
    const TempDir directory;
    const std::string path = directory / "server.sock";
    {
        Cluster cluster({.options = {"-n", "1", "-l", "unix:" + path}, .command = {EchoServer()}});
        (void)cluster.WaitOnline(1);
        cluster.Signal(SIGKILL);
        CHECK(cluster.Wait() == Killed(SIGKILL));
        REQUIRE(WaitFor([&] { return cluster.Leftovers().empty(); }));
    }
    REQUIRE(Exists(path));
    Cluster cluster({.options = {"-n", "1", "-l", "unix:" + path}, .command = {EchoServer()}});
    CHECK(Field(AskUntilAnswered("unix:" + path, "who"), "id") == "1");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("a path that is served is refused and stays as it is") {
    const TempDir directory;
    const std::string path = directory / "server.sock";
    const Fd other = ListenOn("unix:" + path);
    const auto before = Look(path).st_ino;
    CheckRefused(RunClusterize({"-l", "unix:" + path, "--", "true"}), 125, {path, "in use"});
    CHECK(Look(path).st_ino == before);
    CHECK(!IsRefused("unix:" + path));
}

TEST_CASE("a file that is no socket is refused and stays as it is") {
    const TempDir directory;
    const std::string path = directory.Write("precious", "text\n");
    CheckRefused(RunClusterize({"-l", "unix:" + path, "--", "true"}), 125, {path});
    CHECK(ReadFile(path) == "text\n");
}

TEST_CASE("a file that has taken the place of the socket is not removed") {
    const TempDir directory;
    const std::string path = directory / "server.sock";
    Cluster cluster({.options = {"-n", "1", "-l", "unix:" + path}, .command = {EchoServer()}});
    (void)cluster.WaitOnline(1);
    const Fd other = ListenOn("unix:" + path + ".other");
    REQUIRE(rename((path + ".other").c_str(), path.c_str()) == 0);
    CHECK(StopServers(cluster) == Exited(0));
    CHECK(Exists(path));
    CHECK(!IsRefused("unix:" + path));
}

TEST_CASE("a path that was asked for is put back when a worker removes it") {
    const TempDir directory;
    const std::string path = directory / "server.sock";
    for (const char *adopt : {"auto", "off"}) {
        Cluster cluster({.options = {"-n", "1", "--adopt", adopt, "-l", "unix:" + path},
                         .command = {EchoServer()}});
        cluster.WaitUp();
        for (int i = 0; i < 3; ++i) {
            REQUIRE(unlink(path.c_str()) == 0);
            CHECK(WaitFor([&] { return Exists(path); }));
            CHECK(Field(Ask("unix:" + path, "who"), "id") == "1");
        }
        CHECK(StopServers(cluster) == Exited(0));
        CHECK(!Exists(path));
        CHECK(Lines(Run({.argv = {"ls", "-A", directory.Path()}}).out).empty());
    }
}

TEST_CASE("nothing of a path is left when the start fails") {
    const TempDir directory;
    const std::string path = directory / "server.sock";
    CheckRefused(
        RunClusterize({"-l", "unix:" + path, "-l", "unix:" + directory / "no/where", "--", "true"}),
        125, {directory / "no/where"});
    CHECK(!Exists(path));
    CHECK(RunClusterize({"-l", "unix:" + path, "--", directory / "no-program"}).ended ==
          Exited(127));
    CHECK(!Exists(path));
}

TEST_CASE("an abstract name") {
    AsEveryone([](bool nobody) {
        const std::string name = "unix:@clusterize-test-" + std::to_string(FreePort());
        Cluster cluster({.options = {"-n", "2", "-l", name},
                         .command = {EchoServer()},
                         .start = {.nobody = nobody}});
        CHECK(cluster.Address() == name);
        CHECK(Field(Ask(name, "who"), "generation") == "1");
        CheckRefused(RunClusterize({"-l", name, "--", "true"}), 125, {name.substr(5), "in use"});
        CHECK(StopServers(cluster) == Exited(0));
        CHECK(IsRefused(name));
    });
}

TEST_CASE("CLUSTERIZE_LISTEN has one address a line") {
    const TempDir directory;
    const std::string path = directory / "server.sock";
    Cluster cluster({.command = {EchoServer()},
                     .start = {.env = {{"CLUSTERIZE_LISTEN", "a=unix:" + path + "\nb=127.0.0.1:0"},
                                       {"CLUSTERIZE_WORKERS", "1"}}}});
    CHECK(Field(Ask(cluster.Address(1), "who"), "listener") == "b");
    CHECK(Field(Ask(cluster.Address(0), "who"), "listener") == "a");
    CHECK(StopServers(cluster) == Exited(0));
}
