// TERM is acted on at once, whatever the workers and the file systems do. The times are printed,
// and only compared with what a launcher that waits would need.

#include "Support.hxx"
#include "harness/Fuse.hxx"

#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>

using namespace process;

namespace {

/** Seconds of the day in "2026-01-31T23:59:59.123456Z", in UTC. */
double SecondsOf(const std::string &time) {
    return std::stod(time.substr(11, 2)) * 3600 + std::stod(time.substr(14, 2)) * 60 +
           std::stod(time.substr(17));
}

/** Sends TERM; the event tells when the launcher acted on it. */
void CheckPrompt(Cluster &cluster) {
    constexpr double DAY = 24 * 60 * 60;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const double before = std::fmod(std::chrono::duration<double>(now).count(), DAY);
    cluster.Signal(SIGTERM);
    const double after = SecondsOf(cluster.WaitEvent("stop").Text("time"));
    const double seconds = std::fmod(after - before + DAY, DAY); // over midnight, too
    MESSAGE("TERM was acted on after ", seconds * 1000, " ms");
    CHECK(seconds < 5);
}

} // namespace

TEST_CASE("a child hangs between fork and exec: the others serve, and the stop gives it up") {
    const auto fuse = harness::Fuse::Mount();
    if (!fuse)
        HARNESS_SKIP("no FUSE can be mounted here");
    const TempDir directory;
    const std::string command = directory / "server";
    std::filesystem::create_symlink(EchoServer(), command);
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {command}});
    cluster.WaitUp();

    fuse->Stop();
    std::filesystem::create_symlink(fuse->File(), directory / "next");
    std::filesystem::rename(directory / "next", command);
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    REQUIRE(fuse->AwaitRequest());
    CHECK(Ask(cluster.Address(), "words") == "words");

    CheckPrompt(cluster);
    CHECK(cluster.Wait() == Exited(125));
    CHECK(Contains(cluster.Err(), "does not end, not even by SIGKILL"));
    fuse->Abort();
    CHECK(WaitFor([&] { return cluster.Leftovers().empty(); }));
}

TEST_CASE("28,000 ports come and go") {
    const std::string port = std::to_string(FreePort());
    Cluster cluster({.options = {"-n", "2"}, .command = {Program("hostile"), "churn", port}});
    cluster.WaitOut("goes on");
    CheckPrompt(cluster);
    CHECK(cluster.Wait() == Exited(143));
}

TEST_CASE("60 processes of a worker have thousands of descriptors each, and its ports change") {
    const std::string port = std::to_string(FreePort());
    Cluster cluster({.options = {"-n", "2"}, .command = {Program("hostile"), "descriptors", port}});
    cluster.WaitOut("goes on");
    MESSAGE(cluster.Out());
    CheckPrompt(cluster);
    CHECK(cluster.Wait() == Exited(143));
}

TEST_CASE("a worker turns its listening socket into a connection that lingers, and leaves it") {
    const auto port = FreePort();
    Cluster cluster({.options = {"-n", "2", "--log-level", "debug"},
                     .command = {Program("hostile"), "linger", std::to_string(port)}});
    cluster.WaitOut("done");
    MESSAGE(Lines(cluster.Out()).front());
    cluster.WaitErr(std::to_string(port + 1) + " is closed: no worker holds it any more");
    CheckPrompt(cluster);
    CHECK(cluster.Wait() == Exited(143));
}
