// Addresses that cannot be served: one line, 125, no worker was started.

#include "Support.hxx"

#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace process;

namespace {

/** The command would leave its mark on standard output, which CheckRefused finds. */
void Refuse(const std::vector<std::string> &options, const std::vector<std::string> &mentions,
            Start start = {}) {
    std::vector<std::string> words = options;
    words.insert(words.end(), {"--", "echo", "started"});
    std::string text;
    for (const auto &word : options)
        text += word + " ";
    INFO("options: ", text);
    CheckRefused(RunClusterize(words, std::move(start)), 125, mentions);
}

const std::vector<std::string> AS_SYSTEMD{"/bin/sh", "-c", "export LISTEN_PID=$$; exec \"$@\"",
                                          "sh"};

/** With LISTEN_PID of the launcher itself. */
void RefuseSystemd(const std::vector<EnvironmentChange> &env, const std::vector<GivenFd> &fds,
                   const std::vector<std::string> &mentions) {
    for (const std::vector<std::string> &options :
         {std::vector<std::string>{}, {"-l", "systemd"}}) {
        std::vector<std::string> argv = AS_SYSTEMD;
        argv.push_back(ClusterizePath());
        argv.insert(argv.end(), options.begin(), options.end());
        argv.insert(argv.end(), {"--", "echo", "started"});
        CheckRefused(Run({.argv = argv, .env = env, .fds = fds}), 125, mentions);
    }
}

} // namespace

TEST_CASE("a port that is taken") {
    AsEveryone([](bool nobody) {
        for (const char *balance : {"random", "none"}) {
            const Fd other = ListenOn("127.0.0.1:0");
            const std::string address = "127.0.0.1:" + std::to_string(PortOf(other.Get()));
            Refuse({"-p", address, "--balance", balance}, {address, "in use"}, {.nobody = nobody});
            // What was opened before it is closed again.
            const std::string good = "127.0.0.1:" + std::to_string(FreePort());
            Refuse({"-p", good, "-p", address}, {address, "in use"}, {.nobody = nobody});
            CHECK(ListenOn(good).IsOpen());
        }
    });
}

TEST_CASE("a UDP port that is taken") {
    const Fd other = ListenOn("udp:127.0.0.1:0");
    const std::string address = "127.0.0.1:" + std::to_string(PortOf(other.Get()));
    Refuse({"-l", "udp:" + address}, {address, "in use"});
    Refuse({"-p", address + "/udp", "--balance", "none"}, {address, "in use"});
}

TEST_CASE("a privileged port without the right") {
    if (!IsRoot() && std::stoi(ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")) <= 80)
        HARNESS_SKIP("this machine lets everybody serve port 80");
    Start start{.nobody = true};
    if (IsRoot()) {
        // A network of its own, where 1024 is the first port for all.
        start.net_namespace = true;
        start.prepare = [] {
            const Fd fd(
                open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC));
            if (!fd.IsOpen() || write(fd.Get(), "1024", 4) != 4)
                throw std::runtime_error("cannot set ip_unprivileged_port_start");
        };
    }
    Refuse({"-p", "127.0.0.1:80"}, {"127.0.0.1:80", "1024"}, start);
}

TEST_CASE("bad addresses") {
    for (const char *option : {"-p", "-l"}) {
        for (const char *value :
             {"x", "127.0.0.1:x", "127.0.0.1:", ":", "", "[::1:80", "[::1]80", "::1:80x",
              "127.0.0.1:-1", "127.0.0.1:80:90", "[zz]:80", "1.2.3.4.5:80"}) {
            INFO(option, " ", value);
            CheckRefused(RunClusterize({option, value, "--", "echo", "started"}), 125, {value});
        }
    }
    Refuse({"-p", "65536"}, {"65536", "65535"});
    Refuse({"-p", "127.0.0.1:65536"}, {"65536", "65535"});
    Refuse({"-l", "udp:127.0.0.1:65536"}, {"65536", "65535"});
    Refuse({"-l", "udp:"}, {"udp:"});
    Refuse({"-p", "80/sctp"}, {"80/sctp"});
}

TEST_CASE("a host that is unknown, an address that is not of this machine") {
    Refuse({"-p", "no-such-host.invalid:0"}, {"no-such-host.invalid", "/etc/hosts"});
    // TEST-NET-1: nobody has it.
    Refuse({"-p", "192.0.2.1:0"}, {"192.0.2.1"});
}

TEST_CASE("unix paths") {
    const TempDir directory;
    const std::string too_long = directory / std::string(120, 'x');
    Refuse({"-l", "unix:" + too_long}, {too_long, "107"});
    Refuse({"-l", "unix:@" + std::string(120, 'x')}, {"107"});
    Refuse({"-l", "unix:" + directory / "no/such/directory/s"}, {directory / "no/such/directory"});
    Refuse({"-l", "unix:"}, {"unix:"});
    Refuse({"-l", "unix:" + directory / "s,mode=9"}, {"mode", "9"});
    Refuse({"-l", "unix:" + directory / "s,mode=x"}, {"mode", "x"});
    Refuse({"-l", "unix:" + directory / "s,color=red"}, {"color"});
    Refuse({"-l", "unix:" + directory / "s,user=no-such-user"}, {"no-such-user"});
    Refuse({"-l", "unix:" + directory / "s,group=no-such-group"}, {"no-such-group"});
    CHECK(access((directory / "s").c_str(), F_OK) != 0);
}

TEST_CASE(
    "a unix path in a directory where the user may not write, an owner that it may not give") {
    const TempDir directory; // root's own
    if (!IsRoot())
        HARNESS_SKIP("a directory of another user needs root");
    Refuse({"-l", "unix:" + directory / "s"}, {directory / "s", "ermission denied"},
           {.nobody = true});
    directory.GiveTo(NOBODY, NOBODY);
    Refuse({"-l", "unix:" + directory / "s,user=0"}, {directory / "s"}, {.nobody = true});
    CHECK(access((directory / "s").c_str(), F_OK) != 0);
}

TEST_CASE("a path that is served by another clusterize") {
    const TempDir directory;
    const std::string path = directory / "s";
    Cluster cluster({.options = {"-n", "1", "-l", "unix:" + path}, .command = {EchoServer()}});
    (void)cluster.WaitOnline(1);
    Refuse({"-l", "unix:" + path}, {path, "in use"});
    CHECK(Field(Ask("unix:" + path, "who"), "id") == "1");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("fd:N") {
    Refuse({"-l", "fd:77"}, {"fd:77"});
    Refuse({"-l", "fd:x"}, {"fd:x"});
    Refuse({"-l", "fd:-1"}, {"fd:-1"});
    Refuse({"-l", "fd:"}, {"fd:"});
    const Fd file(memfd_create("file", MFD_CLOEXEC));
    Refuse({"-l", "fd:20"}, {"fd:20", "socket"}, {.fds = {{file.Get(), 20}}});
    const Fd bound(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    Refuse({"-l", "fd:20"}, {"fd:20", "listen"}, {.fds = {{bound.Get(), 20}}});
}

TEST_CASE("the same address twice") {
    const std::string port = std::to_string(FreePort());
    const TempDir directory;
    const std::string path = directory / "s";
    Refuse({"-p", port, "-p", port}, {port, "twice"});
    Refuse({"-p", "127.0.0.1:" + port, "-l", "127.0.0.1:" + port}, {port, "twice"});
    Refuse({"-l", "unix:" + path, "-l", "unix:" + path}, {path, "twice"});
    Refuse({"-l", "unix:@clusterize-x", "-l", "unix:@clusterize-x"}, {"@clusterize-x", "twice"});
    const Fd given = ListenOn("127.0.0.1:0");
    Refuse({"-l", "fd:20", "-l", "fd:20"}, {"fd:20", "twice"}, {.fds = {{given.Get(), 20}}});
    CHECK(access(path.c_str(), F_OK) != 0);
}

TEST_CASE("names") {
    Refuse({"-l", "=127.0.0.1:0"}, {"=127.0.0.1:0"});
    Refuse({"-l", "a:b=127.0.0.1:0"}, {"a:b"}); // LISTEN_FDNAMES has colons between names
}

TEST_CASE("LISTEN_FDS that lie") {
    const Fd good = ListenOn("127.0.0.1:0");
    const Fd file(memfd_create("file", MFD_CLOEXEC));
    RefuseSystemd({{"LISTEN_FDS", "2"}}, {{good.Get(), 3}}, {"LISTEN_FDS", "4"}); // 4 is closed
    RefuseSystemd({{"LISTEN_FDS", "1"}}, {{file.Get(), 3}}, {"LISTEN_FDS", "3", "socket"});
    RefuseSystemd({{"LISTEN_FDS", "x"}}, {{good.Get(), 3}}, {"LISTEN_FDS", "x"});
    RefuseSystemd({{"LISTEN_FDS", "-1"}}, {{good.Get(), 3}}, {"LISTEN_FDS", "-1"});
    RefuseSystemd({{"LISTEN_FDS", "999999999"}}, {{good.Get(), 3}}, {"LISTEN_FDS"});
}

TEST_CASE("-l systemd where there is nothing from systemd") {
    Refuse({"-l", "systemd"}, {"systemd", "LISTEN_FDS"});
    Refuse({"-l", "systemd"}, {"LISTEN_PID"}, {.env = {{"LISTEN_FDS", "1"}, {"LISTEN_PID", "1"}}});
}

TEST_CASE("LISTEN_FDS for another process is ignored where nobody asked for it") {
    const auto result =
        RunClusterize({"--", "true"}, {.env = {{"LISTEN_FDS", "1"}, {"LISTEN_PID", "1"}}});
    CHECK(result.ended == Exited(0));
}
