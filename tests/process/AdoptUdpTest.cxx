// UDP ports that workers bind by themselves, which are not shared.

#include "Binders.hxx"

using namespace process;

TEST_CASE("a UDP port that workers bind for themselves: a hint, once") {
    const unsigned udp = FreePort(), both = FreePort(), own = FreePort();
    const auto hint = [](unsigned port) { return "-p " + std::to_string(port) + "/udp shares it"; };
    Binders cluster({}, {"udp:" + Local(udp) + ",reuseaddr", "tcp:" + Local(both),
                         "udp:" + Local(both) + ",reuseaddr", "udp:" + Local(own) + ",reuseport",
                         "ports:3"});
    cluster.WaitUp();
    cluster.WaitServing();
    cluster.WaitErr(hint(udp));
    cluster.WaitErr(hint(both));
    CHECK(cluster.Stop() == Exited(0));
    CHECK(Count(cluster.Err(), hint(udp)) == 1);
    CHECK(Count(cluster.Err(), hint(both)) == 1);
    CHECK(Count(cluster.Err(), "/udp shares it") == 2);
}

TEST_CASE("a UDP port that was asked for, or that one worker binds: no hint") {
    const unsigned port = FreePort();
    const std::string step = "udp:" + Local(port) + ",reuseaddr";
    Binders asked({"-p", Local(port) + "/udp"}, {step});
    asked.WaitServing();
    CHECK(asked.Stop() == Exited(0));
    CHECK_FALSE(Contains(asked.Err(), "/udp shares it"));
    Binders one({"--restart", "always"}, {"tcp:" + Local(port), step}, {}, 1);
    one.WaitServing();
    CHECK(one.Stop() == Exited(0));
    CHECK_FALSE(Contains(one.Err(), "/udp shares it"));
}
