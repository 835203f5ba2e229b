// A caller that does not answer delays nobody else.

#include "Support.hxx"
#include "harness/Fuse.hxx"

#include <csignal>

using namespace process;

namespace {

/** The launcher's errand processes, without those that end as soon as they are killed. */
std::size_t Errands(const Cluster &cluster) {
    std::size_t count = 0;
    for (const pid_t pid : Children(cluster.Pid()))
        count += StatusField(pid, "Name") == ERRANDS && State(pid) != 'Z' ? 1 : 0;
    return count;
}

/** An errand process that is idle, or new. */
constexpr std::size_t SPARE = 1;

} // namespace

TEST_CASE("a bind is answered while the memory of another worker's bind does not answer") {
    const auto fuse = Fuse::Mount();
    if (fuse == nullptr)
        HARNESS_SKIP("no FUSE file system can be mounted here");
    const unsigned port = FreePort();
    const std::string script =
        "if [ \"$CLUSTERIZE_SLOT\" = 0 ]; then exec \"$0\" \"stuck:$1\"; fi; "
        "exec \"$0\" wait \"$2\"";
    Cluster cluster({.options = {"-n", "2", "--ready", "exec", "--adopt", "auto"},
                     .command = {"sh", "-c", script, Program("binder"), fuse->File(),
                                 "tcp:127.0.0.1:" + std::to_string(port)}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "waiting ") == 2; }));
    fuse->Stop();
    REQUIRE(kill(cluster.WaitOnline(1), SIGUSR1) == 0);
    REQUIRE(WaitFor([&] { return fuse->AwaitRequest(); }));
    REQUIRE(kill(cluster.WaitOnline(2), SIGUSR1) == 0);
    cluster.WaitOut("did=tcp");
    CHECK(Contains(cluster.Out(), " bind=0 listen=0"));
    CHECK_FALSE(Contains(cluster.Out(), " stuck="));
    // Nor does it wait for itself.
    cluster.WaitOut(" stuck=");
    CHECK(Contains(cluster.Out(), " stuck=EAGAIN"));
    fuse->Abort();
    (void)cluster.Stop();
}

TEST_CASE("a worker whose errands hang, and that is restarted again and again, delays no other") {
    const auto fuse = Fuse::Mount();
    if (fuse == nullptr)
        HARNESS_SKIP("no FUSE file system can be mounted here");
    const unsigned port = FreePort();
    const std::string script =
        "if [ \"$CLUSTERIZE_SLOT\" = 0 ]; then exec \"$0\" wait \"unix:$1\" exit:1; fi; "
        "exec \"$0\" wait \"$2\"";
    Cluster cluster(
        {.options = {"-n", "2", "--ready", "exec", "--adopt", "auto", "--max-restarts", "100/1h"},
         .command = {"sh", "-c", script, Program("binder"), fuse->Directory() + "/socket",
                     "tcp:127.0.0.1:" + std::to_string(port)}});
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "waiting ") == 2; }));
    fuse->Stop();
    constexpr unsigned LIVES = 5;
    for (unsigned life = 1; life <= LIVES; ++life) {
        const std::string who = "waiting slot=0 id=" + std::to_string(life == 1 ? 1 : life + 1);
        cluster.WaitOut(who);
        REQUIRE(kill(cluster.WaitOnline(life == 1 ? 1 : life + 1), SIGUSR1) == 0);
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), " bind=EAGAIN") == life; }));
    }
    // Those of one slot that hang beyond SIGKILL, whichever worker it has.
    const bool bounded = WaitFor([&] { return Errands(cluster) <= 2 + SPARE; });
    CHECK_MESSAGE(bounded, Errands(cluster), " errand processes");
    REQUIRE(kill(cluster.WaitOnline(2), SIGUSR1) == 0);
    cluster.WaitOut("did=tcp");
    CHECK(Contains(cluster.Out(), " bind=0 listen=0"));
    fuse->Abort();
    (void)cluster.Stop();
}
