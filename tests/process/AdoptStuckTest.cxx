// A caller that does not answer delays nobody else.

#include "Support.hxx"
#include "harness/Fuse.hxx"

#include <csignal>

using namespace process;

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
