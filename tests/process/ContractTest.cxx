// The variables of each contract, and which contracts are chosen.

#include "Support.hxx"

#include <csignal>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace process;

namespace {

using Variables = std::map<std::string, std::string>;

/** What belongs to contracts in an environment. */
Variables ContractVariables(pid_t pid) {
    Variables found;
    for (const auto &[name, value] : Environment(pid)) {
        for (const char *prefix :
             {"LISTEN_", "EINHORN_", "SERVER_STARTER_", "PUMA_INHERIT_", "GUNICORN_"}) {
            if (name.compare(0, std::char_traits<char>::length(prefix), prefix) == 0)
                found[name] = value;
        }
        for (const char *exact : {"PORT", "NGINX", "FPM_SOCKETS", "NOTIFY_SOCKET", "WATCHDOG_USEC",
                                  "NODE_CHANNEL_FD", "NODE_UNIQUE_ID", "NODE_APP_INSTANCE"}) {
            if (name == exact)
                found[name] = value;
        }
    }
    return found;
}

struct Seen {
    Variables variables;
    std::string pid, launcher, tcp, second;
};

/** Two listeners, 127.0.0.1:TCP and [::1]:SECOND, and the second of two workers. */
Seen With(const std::string &contract) {
    std::vector<std::string> options{"-n", "2", "-l", "web=127.0.0.1:0", "-l", "six=[::1]:0"};
    if (!contract.empty())
        options.insert(options.end(), {"--contract", contract});
    Cluster cluster({.options = options, .command = {Behave(), "pause"}});
    const pid_t pid = cluster.WaitOnline(2);
    Seen seen{ContractVariables(pid), std::to_string(pid), std::to_string(cluster.Pid()),
              std::to_string(cluster.Port(0)), std::to_string(cluster.Port(1))};
    cluster.Signal(SIGQUIT);
    (void)cluster.Wait();
    return seen;
}

/** The number that systemd's own check compares LISTEN_PIDFDID with is the echo server's to check. */
void CheckSystemd(Seen &seen) {
    const std::string id = seen.variables["LISTEN_PIDFDID"];
    CHECK((id.empty() || std::stoull(id) > 0));
    seen.variables.erase("LISTEN_PIDFDID");
    CHECK(Contains(seen.variables["NOTIFY_SOCKET"], "/clusterize-notify-"));
    seen.variables.erase("NOTIFY_SOCKET");
    CHECK(seen.variables ==
          Variables{{"LISTEN_FDS", "2"}, {"LISTEN_PID", seen.pid}, {"LISTEN_FDNAMES", "web:six"}});
}

} // namespace

TEST_CASE("auto is systemd and port; PORT only where there is exactly one TCP port") {
    for (const char *contract : {"", "auto"}) {
        auto seen = With(contract);
        CheckSystemd(seen); // two ports
    }
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"},
                     .command = {Behave(), "pause"},
                     .start = {.env = {{"PORT", "1"}}}});
    auto variables = ContractVariables(cluster.WaitOnline(1));
    CHECK(variables["PORT"] == std::to_string(cluster.Port())); // overrides
    CHECK(variables["LISTEN_FDS"] == "1");
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("PORT where a unix socket is beside the one TCP port") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "-l",
                                 "unix:@clusterize-test-" + std::to_string(FreePort())},
                     .command = {Behave(), "pause"}});
    CHECK(ContractVariables(cluster.WaitOnline(1))["PORT"] == std::to_string(cluster.Port()));
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("no listener: no contract variables, an inherited PORT stays") {
    Cluster cluster({.command = {Behave(), "pause"}, .start = {.env = {{"PORT", "77"}}}});
    CHECK(ContractVariables(cluster.WaitOnline(1)) == Variables{{"PORT", "77"}});
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("systemd") {
    auto seen = With("systemd");
    CheckSystemd(seen);
}

TEST_CASE("LISTEN_PID and LISTEN_PIDFDID are those of each worker") {
    // The echo server ends with 90 where they are not.
    Cluster cluster({.options = {"-n", "3", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    (void)kill(cluster.WaitOnline(2), SIGKILL);
    WaitReady(cluster, 4);
    const auto environment = Environment(cluster.WaitOnline(4));
    CHECK(environment.at("LISTEN_PID") == std::to_string(cluster.WaitOnline(4)));
    CHECK(cluster.Seen("exit").size() == 1);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("LISTEN_PIDFDID is there where the kernel numbers its processes") {
    // From kernel 6.9 on a pidfd has an inode of its own in a file system of its own.
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    const pid_t pid = cluster.WaitOnline(1);
    const Process process({.argv = {Behave(), "pause"}});
    const Fd pidfd = Fd(static_cast<int>(syscall(SYS_pidfd_open, process.Pid(), 0)));
    struct stat one {};
    struct stat other {};
    REQUIRE(fstat(pidfd.Get(), &one) == 0);
    const Fd second = Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    REQUIRE(fstat(second.Get(), &other) == 0);
    if (one.st_ino == other.st_ino)
        HARNESS_SKIP("this kernel gives every pidfd the same inode");
    CHECK(Environment(pid).at("LISTEN_PIDFDID") == std::to_string(other.st_ino));
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("none: the descriptors are there without any variable") {
    CHECK(With("none").variables.empty());
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--contract", "none"},
                     .command = {EchoServer(), "--no-contract", "1"}});
    CHECK(Field(Ask(cluster.Address(), "who"), "id") == "1");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("port") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--contract", "port"},
                     .command = {Behave(), "pause"}});
    CHECK(ContractVariables(cluster.WaitOnline(1)) ==
          Variables{{"PORT", std::to_string(cluster.Port())}});
    CHECK(cluster.Stop() == Exited(143));
    CHECK(With("port").variables.empty());
}

TEST_CASE("einhorn") {
    const auto seen = With("einhorn");
    CHECK(seen.variables == Variables{{"EINHORN_FD_COUNT", "2"},
                                      {"EINHORN_FD_0", "3"},
                                      {"EINHORN_FD_1", "4"},
                                      {"EINHORN_FDS", "3 4"},
                                      {"EINHORN_MASTER_PID", seen.launcher},
                                      {"EINHORN_CHILD_INDEX", "1"}});
}

TEST_CASE("server-starter") {
    const auto seen = With("server-starter");
    CHECK(seen.variables == Variables{{"SERVER_STARTER_PORT",
                                       "127.0.0.1:" + seen.tcp + "=3;[::1]:" + seen.second + "=4"},
                                      {"SERVER_STARTER_GENERATION", "1"}});
}

TEST_CASE("nginx") {
    CHECK(With("nginx").variables == Variables{{"NGINX", "3;4;"}});
}

TEST_CASE("php-fpm") { // which looks for IPv6 addresses without brackets
    const auto seen = With("php-fpm");
    CHECK(seen.variables ==
          Variables{{"FPM_SOCKETS", "127.0.0.1:" + seen.tcp + "=3,::1:" + seen.second + "=4"}});
}

TEST_CASE("puma") {
    const auto seen = With("puma");
    CHECK(seen.variables == Variables{{"PUMA_INHERIT_0", "3:tcp://127.0.0.1:" + seen.tcp},
                                      {"PUMA_INHERIT_1", "4:tcp://[::1]:" + seen.second}});
}

TEST_CASE("gunicorn") {
    const auto seen = With("gunicorn");
    CHECK(seen.variables.at("GUNICORN_FD") == "3,4");
    CHECK(seen.variables.contains("GUNICORN_PID"));
    CHECK(seen.variables.size() == 2);
}

TEST_CASE("unix paths in the contracts that name addresses") {
    const TempDir directory;
    const std::string path = directory / "s.sock";
    Cluster cluster(
        {.options = {"-n", "1", "-l", "unix:" + path, "--contract", "server-starter,php-fpm,puma"},
         .command = {Behave(), "pause"}});
    CHECK(ContractVariables(cluster.WaitOnline(1)) ==
          Variables{{"SERVER_STARTER_PORT", path + "=3"},
                    {"SERVER_STARTER_GENERATION", "1"},
                    {"FPM_SOCKETS", path + "=3"},
                    {"PUMA_INHERIT_0", "3:unix://" + path}});
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("a list of contracts is all of them, and auto may be one of the list") {
    auto seen = With("einhorn,systemd");
    CHECK(seen.variables.contains("EINHORN_FDS"));
    CHECK(seen.variables.contains("LISTEN_FDS"));
    CHECK(seen.variables.size() == 6 + 4 + seen.variables.count("LISTEN_PIDFDID"));
    seen = With("nginx,auto");
    CHECK(seen.variables.contains("NGINX"));
    CHECK(seen.variables.contains("LISTEN_FDS"));
}

TEST_CASE("a listener without a name has one all the same where names are listed") {
    // sd_listen_fds_with_names: as many names as descriptors, or it is an error.
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "-l", "named=127.0.0.1:0", "-p",
                                 "127.0.0.1:0"},
                     .command = {EchoServer()}});
    const std::string names = Ask(cluster.Address(1), "env LISTEN_FDNAMES");
    CHECK(Count(names, ":") == 2);
    CHECK(Contains(names, ":named:"));
    CHECK(StopServers(cluster) == Exited(0));
}
