// What a worker can do to adoption harms nobody but itself: tests/process/programs/hostile has the acts.

#include "Support.hxx"

#include <csignal>
#include <unistd.h>

using namespace process;

namespace {

/** The lines that an act prints, before `done`. */
std::vector<std::string> Before(const std::string &out) {
    std::vector<std::string> lines;
    for (const std::string &line : Lines(out)) {
        if (line == "done")
            break;
        lines.push_back(line);
    }
    return lines;
}

/** What the act prints where nothing is adopted. */
std::vector<std::string> Alone(const std::string &act, bool nobody) {
    Process alone({.argv = {Program("hostile"), act, std::to_string(FreePort())},
                   .env = {{"CLUSTERIZE_SLOT", "0"}},
                   .nobody = nobody});
    alone.WaitOut("done\n");
    return Before(alone.Out());
}

/** The act in one worker of two; then both serve, and the launcher has nothing left of it but so many sockets that the
 *  worker still holds. */
std::vector<std::string> Act(const std::string &act, bool nobody, size_t held = 0) {
    const auto port = std::to_string(FreePort());
    const auto address = "127.0.0.1:" + port;
    Cluster cluster({.options = {"-n", "2", "--balance", "random"}, // as many descriptors always
                     .command = {Program("hostile"), act, port},
                     .start = {.nobody = nobody}});
    const pid_t launcher = cluster.Pid();
    cluster.WaitEvent("listening", With("port", std::stol(port)));
    (void)AskUntilAnswered(address, "");
    const auto idle = Descriptors(launcher).size();
    cluster.WaitOut("done\n", 5 * PATIENCE); // ten thousand ports take their time under a sanitizer
    cluster.WaitUp();
    const bool both = WaitFor([&] {
        std::set<std::string> slots;
        for (int i = 0; i < 16; ++i)
            slots.insert(Field(Connection(address).Line(), "slot"));
        return slots.size() == 2;
    });
    CHECK(both);
    CHECK(cluster.Seen("exit").empty());
    CHECK(cluster.Seen("error").empty());
    // The listeners of the act are closed again, and nothing else stayed: a descriptor more for the other worker.
    const bool clean = WaitFor([&] { return Descriptors(launcher).size() <= idle + 2 + held; });
    CHECK_MESSAGE(clean, idle, " descriptors before, now ", Descriptors(launcher).size());
    CHECK(cluster.Stop() == Exited(143));
    CHECK(cluster.Leftovers().empty());
    return Before(cluster.Out());
}

void SameAsAlone(const std::string &act) {
    AsEveryone([&](bool nobody) { CHECK(Act(act, nobody) == Alone(act, nobody)); });
}

} // namespace

TEST_CASE("bad pointers, lengths and descriptors get what the kernel says") {
    SameAsAlone("pointers");
}

TEST_CASE("families that are nobody's port") {
    SameAsAlone("packet");
}

TEST_CASE("fifty threads bind and listen without end") {
    CHECK(Act("storm", false) == std::vector<std::string>{"failed=0"});
}

TEST_CASE("10,000 ports") {
    // Some belong to other programs of the machine.
    const auto fields = Fields(Act("ports", false).at(0));
    CHECK(std::stoi(fields.at("bound")) > 9'000);
    CHECK(fields.at("listened") == fields.at("bound"));
}

TEST_CASE("another program is executed during a call") {
    (void)Act("exec", false);
}

TEST_CASE("the descriptor is closed during a call") {
    // The answer can come when the number is free: then the worker has a socket that it does not know of, and the cluster
    // the listener of it, with two.
    (void)Act("close", false, 2);
}

TEST_CASE("two threads race for one socket: one of them binds it") {
    CHECK(Act("race", false) == std::vector<std::string>{"both=0", "neither=0"});
}

TEST_CASE("a socket that a worker shuts down can listen again") {
    SameAsAlone("shutdown");
}

TEST_CASE("signals interrupt the calls") {
    CHECK(Act("signals", false) == std::vector<std::string>{"wrong=0"});
}

TEST_CASE("processes are killed during a call") {
    (void)Act("die", false);
}

TEST_CASE("the worker is stopped and continued during calls") {
    CHECK(Act("stop", false) == std::vector<std::string>{"wrong=0"});
}

TEST_CASE("the calls of 32-bit programs have numbers of their own") {
    SameAsAlone("legacy");
}
