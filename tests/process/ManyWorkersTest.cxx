// A thousand workers.

#include "Support.hxx"

#include <csignal>

using namespace process;

TEST_CASE("a thousand jobs start, stop and leave nothing") {
    Cluster cluster({.options = {"-n", "1000"}, .command = {"sleep", "1000"}});
    const auto online = cluster.WaitEvents("online", 1000, {}, Duration{120'000});
    std::set<long> slots;
    for (const auto &event : online)
        slots.insert(event.Number("slot"));
    CHECK(slots.size() == 1000);
    CHECK(*slots.rbegin() == 999);
    CHECK(cluster.Stop(Duration{120'000}) == Exited(143));
    CHECK(cluster.WaitEvents("exit", 1000).size() == 1000);
}

TEST_CASE(
    "two hundred slots of one port, as an ordinary user with an ordinary limit of descriptors") {
    Cluster cluster({.options = {"-n", "200", "-p", "127.0.0.1:0"},
                     .command = {EchoServer()},
                     .start = {.nobody = true, .limits = {{RLIMIT_NOFILE, 1024, 4096}}}});
    (void)cluster.WaitEvents("online", 200, {}, Duration{120'000});
    CHECK(Shares(cluster.Address(), 1000).size() > 150); // 198.7 are expected
    CHECK(cluster.Stop(Duration{120'000}) == Exited(0));
}
