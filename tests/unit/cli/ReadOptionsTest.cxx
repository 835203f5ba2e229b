#include "cli/ReadOptions.hxx"
#include "balance/Policies.hxx"
#include "harness/TempDir.hxx"
#include "spawn/Environment.hxx"
#include "sys/Accounts.hxx"
#include "sys/CpuSet.hxx"
#include "util/UserError.hxx"

#include <doctest/doctest.h>

#include <csignal>

using namespace cli;
using namespace std::chrono_literals;
using Words = std::vector<const char *>;
using Texts = std::vector<std::string>;

namespace {

struct Fixture {
    Fixture() {
        directory.Write("passwd",
                        "root:x:0:0::/:/bin/sh\nalice:x:1000:1001::/home/alice:/bin/sh\n");
        directory.Write("group", "alice:x:1001:\nwww:x:33:alice\n");
    }

    plan::Options Read(Words words) {
        words.insert(words.begin(), "clusterize");
        words.push_back("server");
        warnings.clear();
        return ReadOptions(ParseCommandLine(static_cast<int>(words.size()), words.data()),
                           environment, {accounts, {accounts, nullptr, "the reason"}, {}},
                           warnings);
    }

    std::string Message(Words words) {
        try {
            (void)Read(std::move(words));
        } catch (const util::UserError &error) {
            return error.what();
        }
        return "taken";
    }

    /** The message for one variable. */
    std::string Variable(const char *name, const char *value) {
        environment = spawn::Environment();
        environment.Set(name, value);
        return Message({});
    }

    harness::TempDir directory;
    sys::Accounts accounts{directory.Path()};
    spawn::Environment environment;
    Texts warnings;
};

std::string Listeners(const plan::Options &options) {
    std::string text;
    for (const net::ListenSpec &spec : options.listeners)
        text.append(text.empty() ? "" : " ").append(spec.text);
    return text;
}

} // namespace

TEST_CASE_FIXTURE(Fixture, "nothing said is nothing set") {
    const plan::Options options = Read({});
    CHECK(options.command == Texts{"server"});
    CHECK_FALSE(options.workers);
    CHECK(options.listeners.empty());
    CHECK_FALSE(options.jobs);
    CHECK_FALSE(options.expand);
    CHECK_FALSE(options.null_stdin);
    CHECK(options.output.mode == output::Mode::INHERIT);
    CHECK_FALSE(options.stop_signal);
    CHECK_FALSE(options.events);
    CHECK(options.policy == nullptr);
    CHECK(warnings.empty());
}

TEST_CASE_FIXTURE(Fixture, "each option into its field") {
    const plan::Options options = Read({"-n",
                                        "50%",
                                        "--env",
                                        "A=1",
                                        "--env",
                                        "B=x=y",
                                        "--chdir",
                                        "/",
                                        "--cpu-affinity",
                                        "0-1,3",
                                        "--expand",
                                        "--stdin",
                                        "null",
                                        "--output",
                                        "log-{slot}",
                                        "-p",
                                        "8000",
                                        "-l",
                                        "unix:/x",
                                        "--backlog",
                                        "5",
                                        "--balance",
                                        "none",
                                        "--contract",
                                        "port",
                                        "--jobs",
                                        "--stop-signal",
                                        "RTMIN+3",
                                        "--stop-timeout",
                                        "2m",
                                        "--stop-delay",
                                        "250ms",
                                        "--events",
                                        "fd:9",
                                        "--log-level",
                                        "debug"});
    CHECK(options.workers->form == plan::WorkerCount::Form::PERCENT);
    CHECK(options.workers->value == 50);
    CHECK(options.assignments ==
          std::vector<std::pair<std::string, std::string>>{{"A", "1"}, {"B", "x=y"}});
    CHECK(options.directory == "/");
    CHECK(options.cpus == std::vector<unsigned>{0, 1, 3});
    CHECK(options.expand);
    CHECK(options.null_stdin == true);
    CHECK(options.output.mode == output::Mode::FILE);
    CHECK(options.output.path == "log-{slot}");
    CHECK(options.output.source == "--output");
    CHECK(Listeners(options) == "8000 unix:/x");
    CHECK(options.backlog == 5);
    CHECK(options.policy == &balance::POLICIES[2]);
    CHECK(options.contracts == contract::ParseContracts("port"));
    CHECK(options.jobs);
    CHECK(options.stop_signal == SIGRTMIN + 3);
    CHECK(options.stop_timeout == 2min);
    CHECK(options.stop_delay == 250ms);
    CHECK(options.events->value == "fd:9");
    CHECK(options.events->source == "--events");
    CHECK(options.log_level == report::Level::DEBUG);
}

TEST_CASE_FIXTURE(Fixture, "what is replaced, and what is a success") {
    const plan::Options plain = Read({});
    CHECK_FALSE(plain.restart);
    CHECK_FALSE(plain.max_restarts);
    CHECK(plain.exit_ok.empty());
    CHECK_FALSE(plain.kill_others_on_fail);
    const plan::Options options = Read({"--restart", "on-failure", "--max-restarts", "0/2m",
                                        "--exit-ok", "3,143", "--kill-others-on-fail"});
    CHECK(options.restart == pool::RestartWhen::ON_FAILURE);
    CHECK(options.restart_source == "--restart");
    CHECK(options.max_restarts->most == 0);
    CHECK(options.max_restarts->within == 2min);
    CHECK(options.exit_ok == std::vector<int>{3, 143});
    CHECK(options.kill_others_on_fail);
    CHECK_FALSE(options.signal_group);
    CHECK_FALSE(options.die_with_parent);
    CHECK(Read({"--signal-group"}).signal_group);
    CHECK(Read({"--die-with-parent"}).die_with_parent);
    CHECK(Message({"--restart", "never"}) ==
          "--restart 'never': must be one of always, on-failure, no");
    CHECK(Message({"--max-restarts", "5"}) ==
          "--max-restarts '5': must be a number and a time, such as 5/30s");
    CHECK(Message({"--exit-ok", "256"}) ==
          "--exit-ok '256': must be exit statuses from 0 to 255 with commas between them");
    CHECK(Variable("CLUSTERIZE_MAX_RESTARTS", "5/0").starts_with("CLUSTERIZE_MAX_RESTARTS '5/0'"));
}

TEST_CASE_FIXTURE(Fixture, "when a worker is ready") {
    CHECK_FALSE(Read({}).ready);
    CHECK_FALSE(Read({}).ready_timeout);
    const plan::Options options = Read({"--ready", "notify", "--ready-timeout", "2m"});
    CHECK(options.ready->by == pool::ReadyBy::NOTIFY);
    CHECK(options.ready_source == "--ready");
    CHECK(options.ready_timeout == 2min);
    CHECK(Read({"--ready", "1500ms"}).ready->alive == 1500ms);
    const auto ready = Read({"--ready", "listen:unix:/run/x"}).ready.value();
    CHECK(ready.by == pool::ReadyBy::LISTEN);
    CHECK(ready.at->text == "unix:/run/x");
    CHECK(ready.at->at.address.Host() == "/run/x");
    CHECK(Message({"--ready", "DURATION"}) ==
          "--ready 'DURATION': must be auto, listen, notify, exec, "
          "listen:ADDRESS, or a duration such as 5s");
    CHECK(Variable("CLUSTERIZE_READY_TIMEOUT", "x").starts_with("CLUSTERIZE_READY_TIMEOUT 'x'"));
}

TEST_CASE_FIXTURE(Fixture, "users and groups: names and numbers") {
    const auto user = [this](const char *text) { return Read({"--user", text}).user; };
    CHECK(user("alice").uid == 1000U);
    CHECK(user("alice").gid == 1001U);
    CHECK(user("alice").groups == std::vector<gid_t>{1001, 33});
    CHECK(user("1000").groups == std::vector<gid_t>{1001, 33});
    CHECK(user("alice:www").gid == 33U);
    CHECK(user("alice:www").groups == std::vector<gid_t>{33});
    CHECK(user("4711:4712").uid == 4711U);
    CHECK(user("4711:4712").gid == 4712U);
    CHECK(user("4711:4712").groups == std::vector<gid_t>{4712});
    CHECK(Read({"--group", "www"}).group == 33U);
    CHECK(Read({"--group", "4711"}).group == 4711U);
    CHECK(Message({"--user", "bob"}) ==
          "--user 'bob': unknown user: a name of /etc/passwd or a number");
    CHECK(user("4711").uid == 4711U); // --group may name its group
    CHECK_FALSE(user("4711").gid);
    CHECK_FALSE(user("4711").groups);
    CHECK(Read({"--user", "alice"}).account->home == "/home/alice");
    CHECK_FALSE(Read({"--user", "4711:4712"}).account);
    CHECK(Message({"--user", "alice:"}) ==
          "--user 'alice:': unknown group: a name of /etc/group or a number");
    CHECK(Message({"--user", ":www"}) ==
          "--user ':www': unknown user: a name of /etc/passwd or a number");
    CHECK(Message({"--user", "4294967295"}).starts_with("--user '4294967295': unknown user"));
    CHECK(Message({"--group", "nobody-knows"}) ==
          "--group 'nobody-knows': unknown group: a name of /etc/group or a number");
}

TEST_CASE_FIXTURE(Fixture, "bad values: option, value, and what would be right") {
    CHECK(Message({"-n", "0"}) == "--workers '0': must be a number from 1 to 4096, auto, -K or P%");
    CHECK(Message({"-n", "x"}) == "--workers 'x': must be a number from 1 to 4096, auto, -K or P%");
    CHECK(Message({"--env", "A"}) == "--env 'A': must be NAME=VALUE");
    CHECK(Message({"--env", "=x"}) == "--env '=x': must be NAME=VALUE");
    CHECK(Message({"--chdir", "/nonexistent"}) ==
          "--chdir '/nonexistent': must be a directory that exists: No such file or directory");
    CHECK(Message({"--chdir", "/etc/passwd"}) ==
          "--chdir '/etc/passwd': must be a directory, that is a file");
    CHECK(Message({"--cpu-affinity", "3-1"}) ==
          "--cpu-affinity '3-1': must be auto, or a list of CPUs such as 0-3,6");
    CHECK(Message({"--stdin", "none"}) == "--stdin 'none': must be inherit or null");
    CHECK(Message({"-p", "65536"}) ==
          "--port '65536': '65536' is no port: a number from 0 to 65535");
    CHECK(Message({"-l", "systemd"}) ==
          "--listen 'systemd': no socket was handed over: the reason");
    CHECK(Message({"--backlog", "0"}) ==
          "--backlog '0': must be a number of connections from 1 on");
    CHECK(Message({"--balance", "fair"}) == "--balance 'fair': must be one of rr, random, none");
    CHECK(Message({"--contract", "x"}).starts_with("--contract 'x': 'x' is no contract: "));
    CHECK(Message({"--stop-signal", "FOO"}) ==
          "--stop-signal 'FOO': must be auto, or a signal such as TERM, SIGQUIT, RTMIN+3 or 15");
    CHECK(Message({"--stop-timeout", "8x"}) ==
          "--stop-timeout '8x': must be a duration such as 500ms, 8s, 2m or 1h");
    CHECK(Message({"--stop-delay", ""}) ==
          "--stop-delay '': must be a duration such as 500ms, 8s, 2m or 1h");
    CHECK(Message({"--events", "fd:x"}) ==
          "--events 'fd:x': must be a file, fd:N, or - for standard output");
    CHECK(Message({"--log-level", "trace"}) ==
          "--log-level 'trace': must be one of error, warn, info, debug");
}

TEST_CASE_FIXTURE(Fixture, "the last one counts, repeatable ones add up") {
    CHECK(Read({"-n", "2", "-n", "3"}).workers->value == 3);
    CHECK(Listeners(Read({"-p", "1", "-l", "2", "-p", "3"})) == "1 2 3");
    CHECK_FALSE(Read({"--stop-signal", "INT", "--stop-signal", "auto"}).stop_signal);
}

TEST_CASE_FIXTURE(Fixture, "--cpu-affinity auto is what may be used") {
    CHECK(Read({"--cpu-affinity", "auto"}).cpus == sys::AllowedCpus());
}

TEST_CASE_FIXTURE(Fixture,
                  "every option but three is read from the environment, and taken out of it") {
    for (const auto &[name, value] : {std::pair("WORKERS", "3"),
                                      {"ENV", "A=1\n B=2 \n\n"},
                                      {"CHDIR", "/"},
                                      {"CPU_AFFINITY", "0"},
                                      {"EXPAND", "1"},
                                      {"STDIN", "null"},
                                      {"PORT", "80\n81"},
                                      {"LISTEN", "unix:/x\nunix:@y"},
                                      {"BACKLOG", "9"},
                                      {"BALANCE", "none"},
                                      {"CONTRACT", "none"},
                                      {"JOBS", "yes"},
                                      {"STOP_SIGNAL", "INT"},
                                      {"STOP_TIMEOUT", "1"},
                                      {"STOP_DELAY", "1s"},
                                      {"EVENTS", "/tmp/e"},
                                      {"LOG_LEVEL", "error"},
                                      {"USER", "alice"},
                                      {"GROUP", "www"}})
        environment.Set(std::string("CLUSTERIZE_") + name, value);
    environment.Set("OTHER", "stays");
    const plan::Options options = Read({});
    CHECK(options.workers->value == 3);
    CHECK(options.assignments ==
          std::vector<std::pair<std::string, std::string>>{{"A", "1"}, {"B", "2"}});
    CHECK(options.directory == "/");
    CHECK(options.cpus == std::vector<unsigned>{0});
    CHECK(options.expand);
    CHECK(options.null_stdin == true);
    CHECK(Listeners(options) == "80 81 unix:/x unix:@y");
    CHECK(options.backlog == 9);
    CHECK(options.policy == &balance::POLICIES[2]);
    CHECK(options.contracts->empty());
    CHECK(options.jobs);
    CHECK(options.stop_signal == SIGINT);
    CHECK(options.stop_timeout == 1s);
    CHECK(options.stop_delay == 1s);
    CHECK(options.events->source == "CLUSTERIZE_EVENTS");
    CHECK(options.log_level == report::Level::ERROR);
    CHECK(options.user.uid == 1000U);
    CHECK(options.group == 33U);
    CHECK(environment.Entries() == Texts{"OTHER=stays"});
    CHECK(warnings.empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "the command line wins; its repeatable replaces the variable's whole list") {
    environment.Set("CLUSTERIZE_WORKERS", "nonsense");
    environment.Set("CLUSTERIZE_PORT", "80\n81");
    const plan::Options options = Read({"-n", "2", "-p", "90"});
    CHECK(options.workers->value == 2);
    CHECK(Listeners(options) == "90");
    CHECK(environment.Entries().empty()); // taken out all the same
}

TEST_CASE_FIXTURE(Fixture, "flags: what people write for yes and no") {
    for (const char *value : {"1", "true", "yes"}) {
        environment.Set("CLUSTERIZE_JOBS", value);
        CHECK(Read({}).jobs);
    }
    for (const char *value : {"0", "false", "no", ""}) {
        environment.Set("CLUSTERIZE_JOBS", value);
        CHECK_FALSE(Read({}).jobs);
    }
    CHECK(Variable("CLUSTERIZE_JOBS", "maybe") == "CLUSTERIZE_JOBS 'maybe': must be 1 or 0");
}

TEST_CASE_FIXTURE(Fixture, "an empty variable is as none") {
    environment.Set("CLUSTERIZE_WORKERS", "");
    environment.Set("CLUSTERIZE_PORT", "");
    const plan::Options options = Read({});
    CHECK_FALSE(options.workers);
    CHECK(options.listeners.empty());
    CHECK(environment.Entries().empty());
}

TEST_CASE_FIXTURE(Fixture, "bad variables are named") {
    CHECK(Variable("CLUSTERIZE_WORKERS", "0") ==
          "CLUSTERIZE_WORKERS '0': must be a number from 1 to 4096, auto, -K or P%");
    CHECK(Variable("CLUSTERIZE_STOP_TIMEOUT", "soon") ==
          "CLUSTERIZE_STOP_TIMEOUT 'soon': must be a duration such as 500ms, 8s, 2m or 1h");
    CHECK(Variable("CLUSTERIZE_PORT", "80\n65536") ==
          "CLUSTERIZE_PORT '65536': '65536' is no port: a number from 0 to 65535");
    CHECK(Variable("CLUSTERIZE_LOG_LEVEL", "loud") ==
          "CLUSTERIZE_LOG_LEVEL 'loud': must be one of error, warn, info, debug");
}

TEST_CASE_FIXTURE(Fixture, "what Kubernetes sets for a service of that name is no option") {
    environment.Set("CLUSTERIZE_PORT", "tcp://10.0.0.1:80");
    environment.Set("CLUSTERIZE_PORT_80_TCP", "tcp://10.0.0.1:80");
    environment.Set("CLUSTERIZE_PORT_80_TCP_ADDR", "10.0.0.1");
    environment.Set("CLUSTERIZE_SERVICE_HOST", "10.0.0.1");
    environment.Set("CLUSTERIZE_SERVICE_PORT", "80");
    const plan::Options options = Read({});
    CHECK(options.listeners.empty());
    CHECK(warnings == Texts{"CLUSTERIZE_PORT=tcp://10.0.0.1:80 was set by Kubernetes for a service "
                            "of that name: ignored"});
    CHECK_FALSE(environment.Find("CLUSTERIZE_PORT"));
}

TEST_CASE_FIXTURE(Fixture, "variables that name no option are warned of") {
    environment.Set("CLUSTERIZE_WORKER", "4");
    environment.Set("CLUSTERIZE_HELP", "1");
    environment.Set("XCLUSTERIZE_WORKERS", "4");
    (void)Read({});
    CHECK(warnings == Texts{"CLUSTERIZE_WORKER names no option: ignored",
                            "CLUSTERIZE_HELP names no option: ignored"});
}

TEST_CASE("names of variables") {
    for (const OptionRow &row : OptionTable()) {
        const std::string name = VariableName(row);
        CHECK(name.starts_with("CLUSTERIZE_"));
        CHECK(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string::npos);
        CHECK(name.size() == row.name.size() + 11);
    }
}
