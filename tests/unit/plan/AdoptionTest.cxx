#include "plan/Adoption.hxx"
#include "net/ListenerKinds.hxx"
#include "sys/Accounts.hxx"
#include "util/UserError.hxx"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace plan;
using adopt::Mode;

namespace {

using Texts = std::vector<std::string>;

Options Say(const Texts &exclusives, const Texts &listeners = {}) {
    const sys::Accounts accounts;
    Options options;
    options.command = {"server"};
    for (const std::string &text : listeners) {
        const auto specs = net::ParseListener(text, {accounts, nullptr, ""});
        options.listeners.insert(options.listeners.end(), specs.begin(), specs.end());
    }
    for (const std::string &text : exclusives)
        options.exclusives.Add(text);
    options.exclusive_source = "--exclusive";
    return options;
}

adopt::Spec Make(Options options, unsigned workers = 3) {
    return MakeAdopt(options, {}, workers);
}

std::string Message(Options options, unsigned workers = 3) {
    try {
        Make(std::move(options), workers);
    } catch (const util::UserError &error) {
        return error.what();
    }
    return "taken";
}

} // namespace

TEST_CASE("adoption is on where nothing was said, and off for jobs") {
    CHECK(Make(Say({})).mode == Mode::AUTO);
    Options options = Say({});
    options.jobs = true;
    CHECK(Make(options).mode == Mode::OFF);
    options.adopt = Mode::OFF;
    CHECK(Make(options).mode == Mode::OFF);
    Options listed = Say({});
    listed.adopt = Mode::LISTED;
    CHECK(Make(listed).mode == Mode::LISTED);
}

TEST_CASE("each slot has its own debugger, if no port of them was asked for") {
    CHECK(Make(Say({})).debugger == 9229U);
    CHECK(Make(Say({"9100"}, {"8000"})).debugger == 9229U);
    CHECK_FALSE(Make(Say({}, {"9229"})).debugger);
    CHECK_FALSE(Make(Say({}, {"9231"})).debugger);
    CHECK(Make(Say({}, {"9231"}), 2).debugger == 9229U);
    CHECK_FALSE(Make(Say({"9228"})).debugger);
    CHECK_FALSE(Make(Say({"9230"})).debugger);
}

TEST_CASE("jobs contradict what was said of adoption") {
    for (const Mode mode : {Mode::AUTO, Mode::ALL, Mode::LISTED}) {
        Options options = Say({});
        options.jobs = true;
        options.jobs_source = "--jobs";
        options.adopt = mode;
        options.adopt_source = "CLUSTERIZE_ADOPT";
        CHECK(Message(options) == "--jobs and CLUSTERIZE_ADOPT contradict each other: what jobs "
                                  "bind is their own");
    }
}

TEST_CASE("nothing is exclusive where nothing is adopted") {
    Options off = Say({"9100"});
    off.adopt = Mode::OFF;
    off.adopt_source = "--adopt";
    CHECK(Message(off).starts_with("--exclusive and --adopt contradict each other"));
    Options jobs = Say({"unix:/run/x"});
    jobs.jobs = true;
    jobs.jobs_source = "--jobs";
    CHECK(Message(jobs).starts_with("--exclusive and --jobs contradict each other"));
}

TEST_CASE("each slot has room for its port") {
    CHECK(Message(Say({"65533"})) == "taken");
    CHECK(Message(Say({"65534"})) ==
          "--exclusive 65534: 3 workers would need ports up to 65536, the last is 65535");
    CHECK(Message(Say({"65535"}), 1) == "taken");
    CHECK(Message(Say({"0"}), 4096) == "taken");
}

TEST_CASE("a port that is shared is nobody's own, not even that of another slot") {
    CHECK(Message(Say({"9100"}, {"9100"})) ==
          "--exclusive 9100 and '9100' contradict each other: a port is shared, or each worker has "
          "its own");
    CHECK(Message(Say({"9100"}, {"127.0.0.1:9102"})).starts_with("--exclusive 9100 and"));
    CHECK(Message(Say({"9100"}, {"9103"})) == "taken");
    CHECK(Message(Say({"9100"}, {"9099"})) == "taken");
    CHECK(Message(Say({"9100"}, {"9101"}), 1) == "taken");
    CHECK(Message(Say({"9100"}, {"udp:9100"})) == "taken");
    CHECK(Message(Say({"0"}, {"0"})).starts_with("--exclusive 0 and '0'"));
    CHECK(Message(Say({"0"}, {"9100"})) == "taken");
}

TEST_CASE("the ports of two exclusive ones may not meet") {
    CHECK(Message(Say({"9100", "9102"})) ==
          "--exclusive: 9100 and 9102 are too close together for 3 workers");
    CHECK(Message(Say({"9100", "9103"})) == "taken");
    CHECK(Message(Say({"9100", "9101"}), 1) == "taken");
    CHECK(Message(Say({"0", "1"})) == "taken");
}

TEST_CASE("paths: not those that are shared, and none too long for the last slot") {
    CHECK(Message(Say({"unix:/run/x"}, {"unix:/run/x"})) ==
          "--exclusive unix:/run/x and 'unix:/run/x' contradict each other: a path is shared, or "
          "each worker has its own");
    CHECK(Message(Say({"unix:@x"}, {"unix:@x"})).starts_with("--exclusive unix:@x"));
    CHECK(Message(Say({"unix:x"}, {"unix:@x"})) == "taken");
    const std::string longest = "unix:" + std::string(105, 'x');
    CHECK(Message(Say({longest}), 10) == "taken");
    CHECK(Message(Say({longest}), 11).ends_with("has 108 bytes, the kernel takes 107"));
    CHECK(Message(Say({longest + "yz"}), 1) == "taken");
}

TEST_CASE("a Node debugger's port is exclusive by default") {
    const auto node = [](Options options, const char *variable = nullptr, unsigned workers = 3) {
        options.command = {"node", "--inspect", "server.js"};
        spawn::Environment environment;
        if (variable != nullptr)
            environment.Set("NODE_OPTIONS", variable);
        return MakeAdopt(options, environment, workers);
    };
    CHECK(node(Say({})).exclusives.Ports() == std::set<unsigned>{9229});
    CHECK(node(Say({"9100"})).exclusives.Ports() == std::set<unsigned>{9100, 9229});
    CHECK(node(Say({}), "--inspect-port=9300").exclusives.HasPort(9300));

    Options assigned = Say({});
    assigned.assignments = {{"NODE_OPTIONS", "--inspect-port=9301"}};
    CHECK(node(assigned, "--inspect-port=9300").exclusives.Ports() == std::set<unsigned>{9301});

    Options said = Say({});
    said.command = {"node", "--inspect=9300", "server.js"};
    (void)MakeAdopt(said, {}, 2);
    REQUIRE(said.said.size() == 1);
    CHECK(said.said[0].option == "exclusive");
    CHECK(said.said[0].value == "9300");
    CHECK(said.said[0].source == "--inspect");

    Options from_variable = Say({});
    from_variable.command = {"node", "server.js"};
    spawn::Environment environment;
    environment.Set("NODE_OPTIONS", "--inspect");
    (void)MakeAdopt(from_variable, environment, 2);
    REQUIRE(from_variable.said.size() == 1);
    CHECK(from_variable.said[0].source == "NODE_OPTIONS");

    // What was asked for goes before it, and where it finds no room there is none.
    CHECK_FALSE(node(Say({}, {"9229"})).exclusives.HasPort(9229));
    CHECK_FALSE(node(Say({}, {"9230"})).exclusives.HasPort(9229));
    CHECK(node(Say({"9228"})).exclusives.Ports() == std::set<unsigned>{9228});
    CHECK(node(Say({}), "", 57000).exclusives.IsEmpty());

    Options off = Say({});
    off.adopt = Mode::OFF;
    CHECK(node(off).exclusives.IsEmpty());
}
