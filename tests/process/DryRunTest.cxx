// --dry-run: what would be done, from where, and nothing of it is done.

#include "Support.hxx"

#include <filesystem>
#include <sstream>

using namespace process;

namespace {

struct Line {
    std::string kind, name, source, value;
};

std::vector<Line> Parse(const std::string &text) {
    std::vector<Line> lines;
    for (const auto &line : Lines(text)) {
        std::istringstream is(line);
        Line parts;
        is >> parts.kind >> parts.name >> parts.source >> std::ws;
        std::getline(is, parts.value);
        CHECK(!parts.value.empty());
        lines.push_back(parts);
    }
    return lines;
}

/** "SOURCE VALUE" of each line of that kind and name, with | between them. */
std::string Find(const std::vector<Line> &lines, const std::string &kind, const std::string &name) {
    std::string found;
    for (const auto &line : lines)
        if (line.kind == kind && line.name == name)
            found += (found.empty() ? "" : "|") + line.source + " " + line.value;
    return found;
}

std::vector<Line> DryRun(std::vector<std::string> arguments, Start start = {}) {
    arguments.insert(arguments.begin(), "--dry-run");
    const auto result = RunClusterize(std::move(arguments), std::move(start));
    CHECK(result.ended == Exited(0));
    CHECK(result.err == "");
    return Parse(result.out);
}

} // namespace

TEST_CASE("each option is shown once, in the order of the list, but those that ask for an answer") {
    const auto lines = DryRun({"true"});
    std::vector<std::string> shown, expected;
    for (const auto &line : lines)
        if (line.kind == "option")
            shown.push_back("--" + line.name);
    for (const auto &line : Lines(RunClusterize({"--list", "options"}).out)) {
        const std::string name = line.substr(0, line.find(' '));
        if (name != "--list" && name != "--version" && name != "--help")
            expected.push_back(name);
    }
    CHECK(shown == expected);
    for (const auto &line : lines)
        if (line.kind == "option" && line.name != "dry-run")
            CHECK(line.source == "default");
}

TEST_CASE("the value that counts and where it comes from") {
    const auto lines =
        DryRun({"-n", "3", "--stop-timeout", "90s", "--env", "A=1", "--env", "B=two words",
                "--exit-ok", "3,4", "--restart", "on-failure", "nginx"},
               {.env = {{"CLUSTERIZE_STOP_TIMEOUT", "5s"},
                        {"CLUSTERIZE_STOP_DELAY", "1500ms"},
                        {"CLUSTERIZE_MAX_RESTARTS", "7/2m"},
                        {"CLUSTERIZE_KILL_OTHERS_ON_FAIL", "1"}}});
    CHECK(Find(lines, "option", "workers") == "command-line 3");
    CHECK(Find(lines, "option", "stop-timeout") == "command-line 90s");
    CHECK(Find(lines, "option", "stop-delay") == "CLUSTERIZE_STOP_DELAY 1500ms");
    CHECK(Find(lines, "option", "max-restarts") == "CLUSTERIZE_MAX_RESTARTS 7/120s");
    CHECK(Find(lines, "option", "kill-others-on-fail") == "CLUSTERIZE_KILL_OTHERS_ON_FAIL yes");
    CHECK(Find(lines, "option", "env") == "command-line A=1|command-line B=two words");
    CHECK(Find(lines, "option", "exit-ok") == "command-line 3,4");
    CHECK(Find(lines, "option", "restart") == "command-line on-failure");
    CHECK(Find(lines, "option", "jobs") == "default no");
    CHECK(Find(lines, "option", "stdin") == "default null");
    CHECK(Find(lines, "option", "log-level") == "default info");
    CHECK(Find(lines, "option", "backlog") == "default -");
    CHECK(Find(lines, "option", "balance") == "default rr (no listener)");
    CHECK(Find(lines, "option", "stop-signal") == "default SIGQUIT (auto: the command is nginx)");
    const auto jobs = DryRun({"true"});
    CHECK(Find(jobs, "option", "jobs") == "default yes");
    CHECK(Find(jobs, "option", "restart") == "default no");
    CHECK(Find(jobs, "option", "log-level") == "default warn");
    CHECK(Find(jobs, "option", "stdin") == "default inherit");
}

TEST_CASE("what auto was resolved to, and WEB_CONCURRENCY") {
    const std::string cpus = Run({.argv = {"nproc"}}).out;
    const auto automatic = DryRun({"-n", "auto", "true"});
    CHECK(Contains(Find(automatic, "option", "workers"), "(auto: "));
    CHECK(Contains(Find(automatic, "option", "workers"), std::to_string(std::stoi(cpus)) + " CPU"));
    CHECK(Contains(Find(DryRun({"-p", "127.0.0.1:0", "true"}), "option", "workers"), "default "));
    const auto web = DryRun({"-p", "127.0.0.1:0", "true"}, {.env = {{"WEB_CONCURRENCY", "7"}}});
    CHECK(Find(web, "option", "workers") == "WEB_CONCURRENCY 7");
    CHECK(Find(DryRun({"--contract", "einhorn", "true"}), "option", "stop-signal") ==
          "default SIGUSR2 (auto: contract einhorn)");
    CHECK(Find(DryRun({"-n", "2", "-p", "127.0.0.1:0", "--balance", "random", "true"}), "option",
               "balance") == "command-line random (classic BPF)");
    CHECK(Find(DryRun({"-n", "1", "-p", "127.0.0.1:0", "true"}), "option", "balance") ==
          "default rr (shared queue)");
}

TEST_CASE("listeners, command and contracts") {
    const auto lines =
        DryRun({"-l", "web=127.0.0.1:8000", "-l", "unix:/run/two words.sock", "--expand",
                "--contract", "systemd,nginx", "sh", "-c", "a\nb\\", "{fd:web}", "{slot}"});
    CHECK(Find(lines, "listener", "web") == "fd:3 tcp 127.0.0.1:8000");
    CHECK(Find(lines, "listener", R"(two\x20words.sock)") == "fd:4 unix /run/two words.sock");
    CHECK(Contains(Find(lines, "program", "-"), "PATH /"));
    CHECK(Find(lines, "argument", "2") == R"(command-line a\nb\\)");
    CHECK(Find(lines, "argument", "3") == "command-line 3");
    CHECK(Find(lines, "argument", "4") == "command-line 0");
    CHECK(Find(lines, "contract", "nginx") != "");
    CHECK(Find(lines, "contract", "port") == "");
    CHECK(Find(lines, "variable", "NGINX") == "nginx 3;4;");
    CHECK(Find(lines, "variable", "LISTEN_FDS") == "systemd 2");
    CHECK(Find(lines, "variable", "LISTEN_PID") == "systemd -");
    CHECK(Find(lines, "variable", "CLUSTERIZE_PID") == "always -");
}

TEST_CASE("the variables are those that the worker finds then") {
    const std::string address = "127.0.0.1:" + std::to_string(FreePort());
    const std::vector<std::string> options = {
        "--jobs", "-n", "1", "-p", address, "--env", "SLOT={slot}", "--env", "LISTEN_FDNAMES=mine"};
    auto arguments = options;
    arguments.emplace_back("env");
    const auto lines = DryRun(arguments);
    const auto real = RunClusterize(arguments);
    REQUIRE(real.ended == Exited(0));
    std::map<std::string, std::string> found, told;
    for (const auto &line : Lines(real.out))
        found[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
    for (const auto &line : lines)
        if (line.kind == "variable") {
            CHECK(told.count(line.name) == 0);
            told[line.name] = line.value;
        }
    CHECK(told.size() >= 10);
    for (const auto &variable : told) {
        INFO(variable.first, ": ", variable.second);
        if (variable.first != "LISTEN_PIDFDID") // absent on older kernels
            REQUIRE(found.count(variable.first) == 1);
        if (variable.second != "-")
            CHECK(found[variable.first] == variable.second);
    }
    for (const auto &variable : found)
        if (variable.first.rfind("CLUSTERIZE_", 0) == 0 || variable.first.rfind("LISTEN_", 0) == 0)
            CHECK(told.count(variable.first) == 1);
}

TEST_CASE("when a worker is ready, and whether it can say so") {
    const auto plain = DryRun({"-p", "127.0.0.1:0", "true"});
    CHECK(Find(plain, "option", "ready") == "default auto");
    CHECK(Find(plain, "option", "ready-timeout") == "default 60s");
    CHECK(Find(plain, "variable", "NOTIFY_SOCKET") == "systemd -");
    const auto notify =
        DryRun({"--ready", "notify", "--contract", "none", "--ready-timeout", "2m", "true"});
    CHECK(Find(notify, "option", "ready") == "command-line notify");
    CHECK(Find(notify, "option", "ready-timeout") == "command-line 120s");
    CHECK(Find(notify, "variable", "NOTIFY_SOCKET") == "--ready -");
    const auto listen = DryRun({"--ready", "listen:127.0.0.1:8000", "true"});
    CHECK(Find(listen, "option", "ready") == "command-line listen:127.0.0.1:8000");
    CHECK(Find(listen, "option", "ready-timeout") == "default 60s");
    const auto time = DryRun({"--ready", "1500ms", "--env", "NOTIFY_SOCKET=/mine", "true"});
    CHECK(Find(time, "option", "ready") == "command-line 1500ms");
    CHECK(Find(time, "option", "ready-timeout") == "default -");
    CHECK(Find(time, "variable", "NOTIFY_SOCKET") == "--env /mine");
    const auto jobs = DryRun({"true"});
    CHECK(Find(jobs, "option", "ready") == "default -");
    CHECK(Find(jobs, "option", "ready-timeout") == "default -");
    CHECK(Find(jobs, "variable", "NOTIFY_SOCKET") == "");
}

TEST_CASE("nothing is opened, bound, written or started") {
    const TempDir directory;
    const Fd taken = ListenOn("127.0.0.1:0");
    const std::string address = "127.0.0.1:" + std::to_string(PortOf(taken.Get()));
    const auto lines = DryRun({"-p", address, "-l", "unix:" + (directory / "socket"), "--events",
                               directory / "events", "--pid-file", directory / "pid", "touch",
                               directory / "file"});
    CHECK(Find(lines, "option", "events") == "command-line " + (directory / "events"));
    CHECK(std::filesystem::is_empty(directory.Path()));
    const auto variable =
        RunClusterize({"touch", directory / "file"}, {.env = {{"CLUSTERIZE_DRY_RUN", "1"}}});
    CHECK(variable.ended == Exited(0));
    CHECK(std::filesystem::is_empty(directory.Path()));
}

TEST_CASE("the same errors as a real start has") {
    const std::vector<std::vector<std::string>> bad = {
        {"--stop-timeout", "soon", "true"},
        {"-p", "80", "-p", "80", "true"},
        {"-l", "fd:77", "true"},
        {"--jobs", "--restart", "always", "true"},
        {"--user", "no-such-user", "true"},
        {},
        {"/no/such/program"},
        {"no-such-program-anywhere"},
        {"/etc/passwd"},
    };
    for (const auto &arguments : bad) {
        const auto real = RunClusterize(arguments);
        auto dry = arguments;
        dry.insert(dry.begin(), "--dry-run");
        const auto rehearsed = RunClusterize(dry);
        INFO(real.err);
        CHECK(real.ended != Exited(0));
        CHECK(rehearsed.ended == real.ended);
        CHECK(rehearsed.err == real.err);
    }
}
