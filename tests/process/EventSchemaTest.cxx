// The events of whole lives: every line is valid by the installed JSON schema, and every value is the right one.

#include "Support.hxx"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <regex>
#include <sys/stat.h>
#include <unistd.h>

using namespace process;

namespace {

std::string SourceRoot() {
    const char *root = std::getenv("TEST_SOURCE_ROOT");
    if (root == nullptr)
        throw std::runtime_error("TEST_SOURCE_ROOT does not name the tree");
    return root;
}

Result Validate(const std::string &python, const std::string &lines) {
    return Run({.argv = {python, SourceRoot() + "/tests/process/programs/validate-events.py",
                         SourceRoot() + "/man/clusterize-events.schema.json"},
                .input = lines});
}

/** The schema's verdict; nothing where no python3 has the module. */
std::optional<Result> Verdict(const std::string &lines) {
    for (const char *python : {"python3", "/usr/bin/python3"}) {
        auto result = Validate(python, lines);
        if (result.ended != Exited(77) && result.ended != Exited(127))
            return result;
    }
    return std::nullopt;
}

std::string Text(const std::vector<Event> &events) {
    std::string text;
    for (const Event &event : events)
        text += event.Dump() + "\n";
    return text;
}

/** Of all events, whatever the life was. */
void CheckLife(const std::vector<Event> &events) {
    const std::regex rfc3339(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)");
    std::string last;
    std::map<long, Event> forked;
    std::set<long> ended;
    for (const Event &event : events) {
        INFO(event.Dump());
        CHECK(std::regex_match(event.Text("time"), rfc3339));
        CHECK(event.Text("time") >= last);
        last = event.Text("time");
        if (!event.Has("pid"))
            continue;
        const long id = event.Number("id");
        if (event.Name() == "fork") {
            CHECK(forked.count(id) == 0); // no number comes twice
            forked[id] = event;
        }
        REQUIRE(forked.count(id) == 1);
        for (const char *field : {"slot", "generation", "pid"})
            CHECK(event.Number(field) == forked[id].Number(field));
        CHECK(ended.count(id) == 0);
        if (event.Name() == "exit")
            ended.insert(id);
    }
    CHECK(ended.size() == forked.size());

    const auto verdict = Verdict(Text(events));
    if (!verdict)
        HARNESS_SKIP("no python3 with jsonschema: the schema was not tried");
    INFO(verdict->out, verdict->err);
    CHECK(verdict->ended == Exited(0));
    CHECK(Contains(verdict->out, std::to_string(events.size()) + " lines"));
}

std::string Names(const std::vector<Event> &events) {
    std::string names;
    for (const auto &event : events)
        names += (names.empty() ? "" : " ") + event.Name();
    return names;
}

/** Those of one slot, by name. */
std::string NamesOf(const std::vector<Event> &events, long slot) {
    std::vector<Event> chosen;
    std::copy_if(
        events.begin(), events.end(), std::back_inserter(chosen),
        [slot](const Event &event) { return event.Has("slot") && event.Number("slot") == slot; });
    return Names(chosen);
}

} // namespace

TEST_CASE("a whole life: start, crash, restart, a replaced program, a failed slot, stop") {
    const TempDir directory;
    const std::string program = directory / "server";
    CopyFile(EchoServer(), program);
    Cluster cluster(
        {.options = {"-n", "2", "-l", "web=127.0.0.1:0", "--max-restarts", "2/1m", "--ready", "3s"},
         .command = {program}});
    cluster.WaitUp();
    const pid_t victim = cluster.WaitOnline(1), other = cluster.WaitOnline(2);
    (void)kill(victim, SIGKILL);
    const pid_t second = cluster.WaitOnline(3);
    // By another name, so that the file that runs is left alone.
    directory.Write("text", "\177ELF, not a program\n", 0755);
    REQUIRE(rename((directory / "text").c_str(), program.c_str()) == 0);
    (void)kill(second, SIGTERM);
    (void)cluster.WaitEvents("restart", 3);
    CHECK(cluster.Stop() == Exited(0));

    const auto &events = cluster.Events();
    CheckLife(events);
    CHECK(NamesOf(events, 1) == "fork online ready exit");
    CHECK(NamesOf(events, 0) == "fork online ready exit restart fork online exit restart error "
                                "failed restart");
    CHECK(events[0].Name() == "setup");
    CHECK(events[0].Number("workers") == 2);
    CHECK(events[0].Flag("serving"));
    const auto listeners = events[0].List("listeners");
    REQUIRE(listeners.size() == 1);
    CHECK(listeners[0].Text("name") == "web");
    CHECK(listeners[0].Text("address") == "127.0.0.1");
    CHECK(listeners[0].Text("type") == "tcp");

    const auto forks = cluster.Seen("fork");
    REQUIRE(forks.size() == 3);
    CHECK(forks[0].Number("pid") == victim);
    CHECK(forks[1].Number("pid") == other);
    CHECK(forks[2].Number("pid") == second);
    CHECK(forks[2].Number("slot") == 0);
    CHECK(forks[2].Number("generation") == 1);
    for (const auto &ready : cluster.Seen("ready"))
        CHECK(ready.Text("by") == "alive");

    const auto exits = cluster.Seen("exit");
    REQUIRE(exits.size() == 3);
    CHECK(exits[0].Text("signal") == "SIGKILL");
    CHECK(exits[0].IsNull("code"));
    CHECK(exits[0].IsNull("reason")); // not by the launcher
    CHECK(!exits[0].Has("oom"));
    CHECK(!exits[0].Flag("exitedAfterDisconnect"));
    CHECK(exits[2].Number("code") == 0);
    CHECK(exits[2].Flag("exitedAfterDisconnect"));

    const auto restarts = cluster.Seen("restart");
    REQUIRE(restarts.size() == 3);
    for (const auto &restart : restarts) {
        CHECK(restart.Number("slot") == 0);
        CHECK(restart.Number("limit") == 2);
    }
    CHECK(restarts[0].Text("reason") == "killed by SIGKILL");
    CHECK(restarts[0].Number("attempt") == 1);
    CHECK(restarts[0].Real("delay") <= 0.121);
    CHECK(Contains(restarts[1].Text("reason"),
                   exits[1].IsNull("code") ? "killed by SIGTERM" : "exit status 0"));
    CHECK(restarts[1].Number("attempt") == 2);
    CHECK(restarts[2].Text("reason") == "could not be started");
    CHECK(restarts[2].IsNull("attempt"));
    CHECK(restarts[2].Real("delay") == doctest::Approx(10));

    const auto error = cluster.Seen("error").at(0);
    CHECK(error.Text("stage") == "exec");
    CHECK(error.Text("errno") == "ENOEXEC");
    CHECK(error.Number("id") == 4);
    CHECK(error.Number("slot") == 0);
    CHECK(Contains(error.Text("message"), program));
    const auto failed = cluster.Seen("failed").at(0);
    CHECK(failed.Text("reason") == "could not be started");
    CHECK(failed.Number("restarts") == 2);
    CHECK(failed.Real("within") == doctest::Approx(60));
    const auto stop = cluster.Seen("stop").at(0);
    CHECK(stop.Text("reason") == "signal");
    CHECK(stop.Text("signal") == "SIGTERM");
    CHECK(Contains(cluster.Err(), "killed by SIGKILL (1 of 2)")); // the log has it from the same
}

TEST_CASE("a boot failure, jobs, a command that is not there") {
    Cluster boot(
        {.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {"/bin/sh", "-c", "exit 3"}});
    CHECK(boot.Wait() == Exited(3));
    CheckLife(boot.Events());
    CHECK(boot.Seen("error").at(0).Text("stage") == "boot");
    CHECK(boot.Seen("error").at(0).IsNull("errno"));
    CHECK(boot.Seen("exit").at(0).Number("code") == 3);

    Cluster jobs({.options = {"-n", "3"}, .command = {"/bin/sh", "-c", "exit $CLUSTERIZE_SLOT"}});
    const Ended ended = jobs.Wait();
    CheckLife(jobs.Events());
    // Of the two that fail, who was first?
    const auto failures =
        jobs.Seen("exit", [](const Event &event) { return event.Number("code") != 0; });
    REQUIRE(failures.size() == 2);
    CHECK(ended == Exited(static_cast<int>(failures[0].Number("code"))));
    CHECK(!jobs.Events()[0].Flag("serving"));
    CHECK(jobs.Events()[0].List("listeners").empty());
    for (long slot = 0; slot < 3; slot++) {
        CHECK(NamesOf(jobs.Events(), slot) == "fork online exit");
        CHECK(jobs.Seen("exit", With("slot", slot)).at(0).Number("code") == slot);
    }

    Cluster missing({.options = {}, .command = {"/no/such/program"}});
    CHECK(missing.Wait() == Exited(127));
    CheckLife(missing.Events());
    CHECK(missing.Seen("error").at(0).Text("errno") == "ENOENT");
}

TEST_CASE("a worker that had to be killed: the event and the log say why") {
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0", "--stop-timeout", "200ms"},
                     .command = {Behave(), "ignore-term"}});
    cluster.WaitOut("ignoring");
    CHECK(cluster.Stop() == Exited(137));
    CheckLife(cluster.Events());
    const auto exit = cluster.Seen("exit").at(0);
    CHECK(exit.Text("signal") == "SIGKILL");
    CHECK(exit.Text("reason") == "it had not ended in time");
    CHECK(exit.Flag("exitedAfterDisconnect"));
    CHECK(Contains(cluster.Err(), "was killed by SIGKILL, as it had not ended in time"));
}

TEST_CASE("a worker that the kernel killed for want of memory") {
    const std::string name = "/clusterize-test-" + std::to_string(getpid());
    std::string group;
    for (const char *parent : {"/sys/fs/cgroup/memory", "/sys/fs/cgroup"})
        if (group.empty() && mkdir((parent + name).c_str(), 0755) == 0)
            group = parent + name;
    const bool unified = access((group + "/memory.max").c_str(), F_OK) == 0;
    const std::string limit = group + (unified ? "/memory.max" : "/memory.limit_in_bytes");
    if (group.empty() || access(limit.c_str(), W_OK) != 0) {
        (void)rmdir(group.c_str());
        HARNESS_SKIP("no control group of memory can be made here");
    }
    const auto write = [](const std::string &file, const std::string &text) {
        FILE *stream = std::fopen(file.c_str(), "we");
        const bool done = stream != nullptr && std::fputs(text.c_str(), stream) >= 0;
        return stream != nullptr && std::fclose(stream) == 0 && done;
    };
    REQUIRE(write(limit, std::to_string(200 << 20)));
    {
        // One line without an end, which tail(1) keeps as a whole; and it is the first to go, not the launcher, which
        // is large too where it is built with a sanitizer.
        const std::string script = "echo 1000 >/proc/self/oom_score_adj; exec tail /dev/zero";
        Cluster cluster({.options = {"-n", "1", "--log-level", "info"},
                         .command = {"sh", "-c", script},
                         .start = {.prepare = [&] { (void)write(group + "/cgroup.procs", "0"); }}});
        CHECK(cluster.Wait() == Exited(137));
        CheckLife(cluster.Events());
        const auto exit = cluster.Seen("exit").at(0);
        CHECK(exit.Text("signal") == "SIGKILL");
        CHECK(exit.Flag("oom"));
        CHECK(exit.IsNull("reason"));
        CHECK(Contains(cluster.Err(), "was killed by SIGKILL, out of memory"));
    }
    CHECK(WaitFor([&] { return rmdir(group.c_str()) == 0; }));
}

TEST_CASE("the schema refuses what is no event") {
    const std::string time = R"("time":"2026-02-03T04:05:06.000789Z")";
    const auto refused = [](const std::string &line) {
        const auto verdict = Verdict(line + "\n");
        return !verdict || verdict->ended == Exited(1);
    };
    const auto good = Verdict(R"({"event":"dropped",)" + time + R"(,"count":1})" + "\n");
    if (!good)
        HARNESS_SKIP("no python3 with jsonschema");
    CHECK(good->ended == Exited(0));
    CHECK(refused(R"({"event":"dropped",)" + time + R"(,"count":0})"));
    CHECK(refused(R"({"event":"dropped",)" + time + "}"));
    CHECK(refused(R"({"event":"dropped",)" + time + R"(,"count":1,"more":2})"));
    CHECK(refused(R"({"event":"nothing",)" + time + "}"));
    CHECK(refused(R"({"event":"dropped","time":"2026-02-03 04:05:06","count":1})"));
    CHECK(refused(R"({"event":"stop",)" + time + R"(,"reason":"signal","signal":"TERM"})"));
    const std::string worker = R"("id":1,"slot":0,"generation":1,"pid":7)";
    CHECK(refused(R"({"event":"exit",)" + time + "," + worker +
                  R"(,"code":0,"signal":"SIGTERM","exitedAfterDisconnect":true,"reason":null})"));
    CHECK(refused(R"({"event":"exit",)" + time + "," + worker +
                  R"(,"code":null,"signal":null,"exitedAfterDisconnect":true,"reason":null})"));
}
