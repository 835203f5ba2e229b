// Options that are wrong: one line that names the option, the value and what would be right; status 125.

#include "Support.hxx"

using namespace process;

namespace {

void Refuse(const std::vector<std::string> &options, const std::vector<std::string> &mentions) {
    std::vector<std::string> words = options;
    words.insert(words.end(), {"--", "true"});
    std::string text;
    for (const auto &word : options)
        text += word + " ";
    INFO("options: ", text);
    CheckRefused(RunClusterize(words), 125, mentions);
}

/** A variable with a bad value: the message names it. */
void RefuseVariable(const std::string &name, const std::string &value, const std::string &mention) {
    INFO(name, "=", value);
    CheckRefused(RunClusterize({"--", "true"}, {.env = {{name, value}}}), 125, {name, mention});
}

} // namespace

TEST_CASE("an unknown option") {
    Refuse({"--nonsense"}, {"--nonsense"});
    Refuse({"--nonsense=3"}, {"--nonsense"});
    Refuse({"-x"}, {"-x"});
    Refuse({"-n", "2", "--worker", "3"}, {"--worker"});
    CheckRefused(RunClusterize({"--nonsense", "true"}), 125, {"--nonsense"});
}

TEST_CASE("a word that starts with - in the command's place") {
    CheckRefused(RunClusterize({"-n", "2", "-x", "true"}), 125, {"-x"});
    CheckRefused(RunClusterize({"-n", "2", "--", "--", "true"}), 127,
                 {"--"}); // after -- it is a command
}

TEST_CASE("options of the command are not options of clusterize") {
    const auto result = RunClusterize({"-n", "1", "echo", "-n", "--nonsense", "--", "-x"});
    CHECK(result.ended == Exited(0));
    CHECK(result.out == "--nonsense -- -x");
}

TEST_CASE("no command") {
    AsEveryone([](bool nobody) {
        CheckRefused(RunClusterize({}, {.nobody = nobody}), 125, {"command"});
        CheckRefused(RunClusterize({"-n", "2"}, {.nobody = nobody}), 125, {"command"});
        CheckRefused(RunClusterize({"-n", "2", "--"}, {.nobody = nobody}), 125, {"command"});
    });
}

TEST_CASE("an empty command") {
    CheckRefused(RunClusterize({"--", ""}), 127, {});
}

TEST_CASE("a value that is missing") {
    CheckRefused(RunClusterize({"-n"}), 125, {"-n"});
    CheckRefused(RunClusterize({"--listen"}), 125, {"--listen"});
}

TEST_CASE("-n") {
    for (const char *value :
         {"0", "x", "", "1.5", "4x", "-x", "-", "%", "x%", "0%", "-0", "99999999999999999999"}) {
        INFO("value ", value);
        CheckRefused(RunClusterize({"-n", value, "--", "true"}), 125, {"workers", value, "auto"});
    }
}

TEST_CASE("durations") {
    for (const char *option : {"--stop-timeout", "--stop-delay"}) {
        for (const char *value : {"x", "5x", "-1", "1s2", "s", "99999999999999999999h"})
            Refuse({std::string(option) + "=" + value}, {option, value, "8s"});
        Refuse({std::string(option) + "="}, {option, "DURATION"});
    }
}

TEST_CASE("names from a list: what would have been right is said") {
    Refuse({"--balance", "rainbow"}, {"--balance", "rainbow", "rr", "random", "none"});
    Refuse({"--adopt", "everything"}, {"--adopt", "everything", "auto", "all", "listed", "off"});
    Refuse({"--contract", "treaty"}, {"--contract", "treaty", "systemd"});
    Refuse({"--contract", "systemd,treaty"}, {"treaty"});
    Refuse({"--stdin", "terminal"}, {"--stdin", "terminal", "inherit", "null"});
    Refuse({"--log-level", "loud"}, {"--log-level", "loud", "debug"});
    Refuse({"--stop-signal", "SIGNONE"}, {"--stop-signal", "SIGNONE"});
    Refuse({"--stop-signal", "KILLME"}, {"KILLME"});
    CheckRefused(RunClusterize({"--list", "nonsense"}), 125, {"--list", "nonsense", "options"});
}

TEST_CASE("--backlog, --cpu-affinity, --env, --chdir, --events") {
    Refuse({"--backlog", "x"}, {"--backlog", "x"});
    Refuse({"--backlog=-1"}, {"--backlog", "-1"});
    Refuse({"--cpu-affinity", "x"}, {"--cpu-affinity", "x"});
    Refuse({"--cpu-affinity", "3-1"}, {"--cpu-affinity", "3-1"});
    Refuse({"--cpu-affinity", "0,"}, {"--cpu-affinity"});
    Refuse({"--cpu-affinity", "99999"}, {"99999"});
    Refuse({"--env", "NOVALUE"}, {"--env", "NOVALUE", "="});
    Refuse({"--env", "=x"}, {"--env", "=x"});
    Refuse({"--chdir", "/no/such/directory"}, {"/no/such/directory"});
    Refuse({"--events", "/no/such/directory/events"}, {"/no/such/directory/events"});
    Refuse({"--events", "fd:77"}, {"fd:77"});
    Refuse({"--events", "fd:x"}, {"fd:x"});
}

TEST_CASE("--adopt and --exclusive: what contradicts each other") {
    for (const char *value : {"x", "65536", "-1", "unix:", "9100/udp"})
        Refuse({std::string("--exclusive=") + value}, {"--exclusive", value, "unix:PATH"});
    Refuse({"--jobs", "--adopt", "auto"}, {"--jobs", "--adopt"});
    Refuse({"--jobs", "--exclusive", "9100"}, {"--jobs", "--exclusive"});
    Refuse({"--adopt", "off", "--exclusive", "9100"}, {"--adopt", "--exclusive"});
    Refuse({"-n", "3", "--exclusive", "65534"}, {"--exclusive", "65534", "3 workers"});
    Refuse({"-n", "3", "-p", "9101", "--exclusive", "9100"}, {"--exclusive", "9100", "9101"});
    Refuse({"-l", "unix:/tmp/x", "--exclusive", "unix:/tmp/x"}, {"--exclusive", "unix:/tmp/x"});
    CHECK(RunClusterize({"--jobs", "--adopt", "off", "--", "true"}).ended == Exited(0));
    CHECK(RunClusterize({"--exclusive", "0", "--exclusive", "9100", "--", "true"}).ended ==
          Exited(0));
}

TEST_CASE("an unknown user or group") {
    AsEveryone([](bool nobody) {
        const Start start{.nobody = nobody};
        CheckRefused(RunClusterize({"--user", "no-such-user", "--", "true"}, start), 125,
                     {"--user", "no-such-user"});
        CheckRefused(RunClusterize({"--user", "root:no-such-group", "--", "true"}, start), 125,
                     {"no-such-group"});
        CheckRefused(RunClusterize({"--group", "no-such-group", "--", "true"}, start), 125,
                     {"--group", "no-such-group"});
        CheckRefused(RunClusterize({"--user", "", "--", "true"}, start), 125, {"--user"});
        CheckRefused(RunClusterize({"--user", "99999999999", "--", "true"}, start), 125,
                     {"--user", "99999999999"});
    });
}

TEST_CASE("an option of a later version is unknown") {
    for (const char *option :
         {"--drain-timeout", "--control", "--signal", "--on", "--watchdog", "--settle",
          "--stall-timeout", "--max-age", "--max-rss", "--max-extra"}) {
        INFO(option);
        CheckRefused(RunClusterize({option, "x", "--", "true"}), 125, {option});
    }
    Refuse({"--balance", "channel"}, {"channel", "random"});
    Refuse({"--contract", "node"}, {"node", "systemd"});
    Refuse({"--contract", "channel"}, {"channel", "systemd"});
}

TEST_CASE("every variable with a bad value is named") {
    RefuseVariable("CLUSTERIZE_WORKERS", "x", "x");
    RefuseVariable("CLUSTERIZE_ENV", "GOOD=1\nBAD", "BAD");
    RefuseVariable("CLUSTERIZE_CHDIR", "/no/such/directory", "/no/such/directory");
    RefuseVariable("CLUSTERIZE_USER", "no-such-user", "no-such-user");
    RefuseVariable("CLUSTERIZE_GROUP", "no-such-group", "no-such-group");
    RefuseVariable("CLUSTERIZE_CPU_AFFINITY", "x", "x");
    RefuseVariable("CLUSTERIZE_EXPAND", "maybe", "maybe");
    RefuseVariable("CLUSTERIZE_STDIN", "terminal", "terminal");
    RefuseVariable("CLUSTERIZE_PORT", "x", "x");
    RefuseVariable("CLUSTERIZE_PORT", "127.0.0.1:0\n65536", "65536");
    RefuseVariable("CLUSTERIZE_LISTEN", "unix:", "unix:");
    RefuseVariable("CLUSTERIZE_BACKLOG", "x", "x");
    RefuseVariable("CLUSTERIZE_ADOPT", "everything", "everything");
    RefuseVariable("CLUSTERIZE_EXCLUSIVE", "9100\n65536", "65536");
    RefuseVariable("CLUSTERIZE_BALANCE", "rainbow", "rainbow");
    RefuseVariable("CLUSTERIZE_CONTRACT", "treaty", "treaty");
    RefuseVariable("CLUSTERIZE_JOBS", "maybe", "maybe");
    RefuseVariable("CLUSTERIZE_STOP_SIGNAL", "SIGNONE", "SIGNONE");
    RefuseVariable("CLUSTERIZE_STOP_TIMEOUT", "x", "x");
    RefuseVariable("CLUSTERIZE_STOP_DELAY", "x", "x");
    RefuseVariable("CLUSTERIZE_EVENTS", "/no/such/directory/events", "/no/such/directory/events");
    RefuseVariable("CLUSTERIZE_LOG_LEVEL", "loud", "loud");
}

TEST_CASE("a bad variable does not matter where the command line wins") {
    const auto result =
        RunClusterize({"-n", "1", "--", "true"}, {.env = {{"CLUSTERIZE_WORKERS", "x"}}});
    CHECK(result.ended == Exited(0));
    CHECK(result.err == "");
}
