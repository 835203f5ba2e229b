// Where the filter can be had and what it costs, and where a worker's own bind goes to the kernel.

#include "Binders.hxx"

#include <sys/stat.h>
#include <unistd.h>

using namespace process;

namespace {

/** A copy of binder that everybody can reach, owned by root. */
std::string CopyOfBinder(const TempDir &directory, mode_t mode) {
    const std::string path = directory / "binder";
    CopyFile(Program("binder"), path);
    REQUIRE(chmod(path.c_str(), mode) == 0);
    return path;
}

Cluster Three(std::vector<std::string> options, const std::string &binder, unsigned port,
              Start start, std::vector<std::string> wrapper = {}) {
    options.insert(options.begin(), {"-n", "3", "--ready", "exec"});
    return Cluster({.options = std::move(options),
                    .command = {binder, "tcp:" + Local(port)},
                    .start = std::move(start),
                    .wrapper = std::move(wrapper)});
}

/** The kernel gave the port to one of them. */
void CheckNotShared(Cluster &cluster) {
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 3; }));
    CHECK(Count(cluster.Out(), "=EADDRINUSE") == 2);
    CHECK(Count(cluster.Out(), " listen=0") == 1);
    CHECK(cluster.Seen("listening").empty());
}

} // namespace

TEST_CASE("no_new_privs is set only where the filter needs it") {
    const auto worker_has = [](Start start) {
        const unsigned port = FreePort();
        Binders cluster({}, {"tcp:" + Local(port)}, std::move(start));
        cluster.WaitUp();
        CHECK(cluster.AllAnswer(Local(port)));
        const pid_t worker = cluster.WaitOnline(1);
        CHECK(StatusField(worker, "Seccomp") == "2");
        const auto result = StatusField(worker, "NoNewPrivs");
        // The launcher itself stays as it was.
        CHECK(StatusField(cluster.Pid(), "Seccomp") == StatusField(getpid(), "Seccomp"));
        CHECK(cluster.Stop() == Exited(0));
        return result;
    };
    CHECK(worker_has({.nobody = true}) == "1");
    CHECK(worker_has({.docker_capabilities = true}) == "1");
    if (!IsRoot())
        HARNESS_SKIP("its half as root: the tests run without root");
    CHECK(worker_has({}) == StatusField(getpid(), "NoNewPrivs"));
}

TEST_CASE("a setuid command keeps what it is, and a warning says that its ports are its own") {
    if (!IsRoot())
        HARNESS_SKIP("a launcher that may set no_new_privs but has not: needs root");
    const TempDir directory;
    const auto binder = CopyOfBinder(directory, 04755);
    auto cluster = Three({}, binder, FreePort(), {.docker_capabilities = true});
    CheckNotShared(cluster);
    CHECK(StatusField(cluster.WaitOnline(1), "Seccomp") == "0");
    CHECK(StatusField(cluster.WaitOnline(1), "NoNewPrivs") == "0");
    CHECK(Count(cluster.Err(), "is setuid") == 1);
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("below another clusterize: the outer one answers, a warning of the inner one says so") {
    const std::vector<std::string> outer{ClusterizePath(), "-n", "1", "--"};
    auto cluster = Three({}, Program("binder"), FreePort(), {}, outer);
    CheckNotShared(cluster);
    CHECK(Count(cluster.Err(), "no ports are adopted") == 1);
    (void)cluster.Stop();
}

TEST_CASE("below another clusterize with --adopt off the inner one adopts") {
    const unsigned port = FreePort();
    const std::vector<std::string> outer{ClusterizePath(), "-n", "1", "--adopt", "off", "--"};
    auto cluster = Three({}, Program("binder"), port, {}, outer);
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 3; }));
    CHECK(Count(cluster.Out(), " listen=0") == 3);
    (void)cluster.Stop();
}

TEST_CASE(
    "a worker of another user that nobody may read: one warning, and its bind goes to the kernel") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const TempDir directory;
    const auto binder = CopyOfBinder(directory, 0711); // not dumpable for who cannot read it
    auto cluster = Three({"--user", "65534:65534"}, binder, FreePort(),
                         {.docker_capabilities = true, .docker_profile = true});
    CheckNotShared(cluster);
    CHECK(Count(cluster.Err(), "cannot be read") == 1);
    CHECK(Contains(cluster.Err(), "SYS_PTRACE"));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("with CAP_SYS_PTRACE that worker is read") {
    if (!IsRoot())
        HARNESS_SKIP("changing the user needs root");
    const TempDir directory;
    const auto binder = CopyOfBinder(directory, 0711);
    auto cluster = Three({"--user", "65534:65534"}, binder, FreePort(), {});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 3; }));
    CHECK(Count(cluster.Out(), " listen=0") == 3);
    CHECK(cluster.Stop() == Exited(0));
}
