// Whose sockets and files adopted ones are, and who gets them.

#include "Binders.hxx"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace process;

namespace {

/** A root program that shares its port (SO_REUSEPORT) on 0.0.0.0. */
Fd SharingServer(unsigned port) {
    Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(fd.Get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    if (bind(fd.Get(), reinterpret_cast<sockaddr *>(&address), sizeof address) != 0 ||
        listen(fd.Get(), 8) != 0)
        return Fd();
    return fd;
}

/** What the children of all workers say of their bind. */
std::vector<std::string> OfChildren(const Cluster &cluster) {
    std::vector<std::string> said;
    for (const std::string &line : Lines(cluster.Out()))
        if (Contains(line, ",uid=") && Contains(line, " bind="))
            said.push_back(Field(line, "bind"));
    return said;
}

} // namespace

TEST_CASE("a worker gets no socket beside a root program that shares its port") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const unsigned port = FreePort();
    const auto number = std::to_string(port);
    const Fd server = SharingServer(port);
    REQUIRE(server.Get() >= 0);
    Binders cluster({"--user", "4001:4002", "--ready", "exec"},
                    {"tcp:[::1]:" + number + ",v6only", "tcp:0.0.0.0:" + number,
                     "tcp:0.0.0.0:" + number + ",reuseport"});
    CHECK(cluster.Same(0, "bind") == "0");
    CHECK(cluster.Same(1, "bind") == "EADDRINUSE");
    CHECK(cluster.Same(2, "bind") == "EADDRINUSE");
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a root program that shares ports is refused on a port that a worker listens on") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const unsigned port = FreePort();
    Binders cluster({"--user", "4001:4002", "--ready", "listen"},
                    {"tcp:0.0.0.0:" + std::to_string(port)});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "listen") == "0");
    CHECK(SharingServer(port).Get() < 0);
    CHECK(cluster.AllAnswer(Local(port)));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("workers under another user share a port below 1024 as before") {
    if (!IsRoot())
        HARNESS_SKIP("needs root");
    Binders cluster({"--user", "4001:4002", "--ready", "listen"}, {"tcp:127.0.0.1:987"});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "bind") == "0");
    CHECK(cluster.Same(0, "listen") == "0");
    CHECK(cluster.AllAnswer("127.0.0.1:987"));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a process without privileges does not get the path of one with them") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const TempDir directory;
    REQUIRE(chmod(directory.Path().c_str(), 0755) == 0);
    const std::string path = directory / "control.sock";
    Binders cluster({"--ready", "exec"}, {"unix:" + path, "child:unix:" + path + ",uid=4001"});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "bind") == "0");
    CHECK(OfChildren(cluster) == std::vector<std::string>(3, "EADDRINUSE"));
    CHECK(cluster.AllAnswer("unix:" + path));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a process without privileges does not get the port of one with them") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const auto address = "tcp:127.0.0.1:" + std::to_string(FreePort());
    Binders cluster({"--ready", "exec"}, {address, "child:" + address + ",uid=4001"});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "listen") == "0");
    CHECK(OfChildren(cluster) == std::vector<std::string>(3, "EADDRINUSE"));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a program that listens as another user than it binds shares its port, also restarted") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    Binders cluster({"--restart", "always"}, {"tcp:" + Local(FreePort()) + ",listens-as=4001"});
    cluster.WaitUp();
    CHECK(cluster.Same(0, "bind") == "0");
    REQUIRE(kill(cluster.Workers().at(1), SIGKILL) == 0);
    cluster.WaitEvent("ready", [](const Event &event) { return event.Number("id") > 3; });
    CHECK(cluster.Seen("exit").size() == 1);
    CHECK(cluster.Same(0, "listen") == "0");
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("nor a port that was asked for, nor an abstract name") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const auto port = std::to_string(FreePort());
    const std::string name = "unix:@clusterize-test-" + port;
    for (const bool asked : {true, false}) {
        const std::string address = asked ? "tcp:127.0.0.1:" + port : name;
        INFO(address);
        std::vector<std::string> options = {"--ready", "exec"};
        if (asked)
            options.insert(options.end(), {"-p", "127.0.0.1:" + port});
        Binders cluster(options, {address, "child:" + address + ",uid=4001"});
        cluster.WaitServing();
        CHECK(cluster.Same(0, "bind") == "0");
        CHECK(OfChildren(cluster) == std::vector<std::string>(3, "EADDRINUSE"));
        CHECK(cluster.Stop() == Exited(0));
    }
}

TEST_CASE("a worker binds in no directory of root's that it reaches through /proc alone") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const TempDir directory;
    const std::string hidden = directory / "hidden", open = hidden + "/open";
    REQUIRE((mkdir(hidden.c_str(), 0700) == 0 && mkdir(open.c_str(), 0777) == 0));
    REQUIRE(chmod(open.c_str(), 0777) == 0);
    const Process root({.argv = {Behave(), "pause"}, .cwd = open});
    root.WaitOut("pausing");
    Binders cluster({"--user", "4001:4002", "--ready", "exec"},
                    {"unix:/proc/" + std::to_string(root.Pid()) + "/cwd/evil.sock"});
    CHECK(cluster.Same(0, "bind") == "EACCES");
    CHECK(cluster.Stop() == Exited(0));
    CHECK(access((open + "/evil.sock").c_str(), F_OK) != 0);
}

TEST_CASE("a path below /proc/self is the worker's own") {
    const TempDir directory;
    Binders cluster({"--ready", "exec"}, {"unix:/proc/self/cwd/own.sock"},
                    {.cwd = directory.Path()}, 1);
    CHECK(cluster.Same(0, "bind") == "0");
    CHECK(access((directory / "own.sock").c_str(), F_OK) == 0);
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a path that the same worker listens on is taken until it is removed") {
    const TempDir directory;
    const std::string path = directory / "server.sock";
    Binders cluster({"--ready", "exec"}, {"unix:" + path, "unix:" + path});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "bind") == "0");
    CHECK(cluster.Same(1, "bind") == "EADDRINUSE");
    CHECK(cluster.AllAnswer("unix:" + path));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a file of another user that has taken the second name of a worker's path stays") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const TempDir directory;
    REQUIRE(chmod(directory.Path().c_str(), 01777) == 0);
    const std::string second = directory.Path() + "/.socket.clusterize";
    Binders cluster({"--user", "4001:4002", "--ready", "listen"},
                    {"unix:" + directory.Path() + "/socket"});
    CHECK(cluster.Same(0, "bind") == "0");
    REQUIRE(unlink(second.c_str()) == 0);
    const Fd other(open(second.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    REQUIRE(other.Get() >= 0);
    CHECK(cluster.Stop() == Exited(0));
    CHECK(access(second.c_str(), F_OK) == 0);
}
