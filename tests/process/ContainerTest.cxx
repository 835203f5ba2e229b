// Started as in a container with Docker's defaults: its capabilities, its seccomp profile.

#include "Support.hxx"

using namespace process;

namespace {

/** CapBnd of Docker's documentation: the 14 capabilities that a container gets. */
constexpr const char *DOCKER_CAPABILITIES = "00000000a80425fb";

} // namespace

TEST_CASE("Docker's capabilities: a cluster of another user") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0", "--user", "65534:65534"},
                     .command = {Reachable(EchoServer())},
                     .start = {.docker_capabilities = true}});
    cluster.WaitUp();
    CHECK(StatusField(cluster.Pid(), "CapBnd") == DOCKER_CAPABILITIES);
    CHECK(StatusField(cluster.Pid(), "CapEff") == DOCKER_CAPABILITIES);
    CHECK(Shares(cluster.Address(), 40).size() == 2);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("Docker's seccomp profile") {
    AsEveryone([](bool nobody) {
        Cluster cluster(
            {.options = {"-n", "2", "-p", "127.0.0.1:0"},
             .command = {EchoServer()},
             .start = {.nobody = nobody, .docker_capabilities = true, .docker_profile = true}});
        cluster.WaitUp();
        CHECK(StatusField(cluster.Pid(), "Seccomp") == "2");
        CHECK(StatusField(cluster.Pid(), "NoNewPrivs") == (nobody || !IsRoot() ? "1" : "0"));
        CHECK(Shares(cluster.Address(), 40).size() == 2);
        CHECK(StopServers(cluster) == Exited(0));
    });
}

TEST_CASE("capabilities do not help behind a filter that refuses bpf(2), and the log says so") {
    if (!IsRoot())
        HARNESS_SKIP("the capabilities of programs for the kernel need root");
    const auto balance = [](bool profile) {
        const auto result = RunClusterize({"--dry-run", "-n", "2", "-p", "0", "--", "true"},
                                          {.docker_profile = profile});
        CHECK(result.ended == Exited(0));
        for (const auto &line : Lines(result.out)) {
            if (line.starts_with("option") && Contains(line, " balance "))
                return line;
        }
        return result.out;
    };
    if (!Contains(balance(false), "(kernel"))
        HARNESS_SKIP("no kernel round robin in this build, or on this kernel");
    CHECK(Contains(balance(true), "queue watch: a seccomp filter refuses bpf(2)"));
}

TEST_CASE("capabilities of a user namespace do not help either") {
    if (!IsRoot())
        HARNESS_SKIP("the capabilities of programs for the kernel need root");
    const auto result =
        Run({.argv = {"/usr/bin/unshare", "--user", "--map-root-user", ClusterizePath(),
                      "--dry-run", "-n", "2", "-p", "0", "--", "true"}});
    if (Contains(result.err, "unshare"))
        HARNESS_SKIP("no user namespace here: " + result.err);
    if (Contains(result.out, "built without BPF"))
        HARNESS_SKIP("built without BPF");
    CHECK(Contains(result.out, "queue watch: kernel round robin needs CAP_BPF outside of user "
                               "namespaces"));
}

TEST_CASE("the profile refuses what it should, and nothing that a worker needs") {
    const auto unshare = [](const std::vector<std::string> &wrapper) {
        Start start{.argv = wrapper};
        start.argv.insert(start.argv.end(), {"unshare", "--user", "true"});
        return Run(std::move(start)).err;
    };
    const auto refused = unshare({Program("docker-profile")});
    CHECK(Contains(refused, "Operation not permitted"));
    // clone3 and pidfd_getfd: the C library and Python fall back, or say so.
    const auto python = Run({.argv = {Program("docker-profile"), "/usr/bin/python3", "-c", R"(
import ctypes, os, threading
thread = threading.Thread(target=lambda: print("a thread"))
thread.start()
thread.join()
libc = ctypes.CDLL(None, use_errno=True)
for number in (435, 438):
    print(libc.syscall(number, 0, 0, 0), os.strerror(ctypes.get_errno()))
)"}});
    CHECK(python.out == "a thread\n-1 Function not implemented\n-1 Operation not permitted\n");
}
