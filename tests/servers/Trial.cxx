#include "Trial.hxx"

#include "Question.hxx"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

using namespace harness;

namespace {

void Replace(std::string &text, const std::string &what, const std::string &with) {
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
        text.replace(at, what.size(), with);
}

/** Where tools/test puts what npm installs. */
std::string NpmPrograms() {
    const char *root = std::getenv("TEST_BUILD_ROOT");
    REQUIRE(root != nullptr);
    return std::string(root) + "/npm/node_modules/.bin";
}

std::string WithPrograms(std::string text) {
    Replace(text, "@SYSTEMD_SERVER@", SYSTEMD_SERVER);
    Replace(text, "@NPM@", NpmPrograms());
    return text;
}

/** A file of apps/, perhaps below a directory; a script can be executed. */
void WriteApp(const TempDir &dir, const std::string &name, const std::string &text) {
    if (const auto slash = name.find('/'); slash != std::string::npos)
        (void)mkdir((dir / name.substr(0, slash)).c_str(), 0755);
    dir.Write(name, text, text.starts_with("#!") ? 0755 : 0644);
}

/** What is missing for a server; empty where all is there. */
std::string Missing(const Server &server) {
    std::vector<std::string> programs{WithPrograms(std::string(server.program))};
    if (!server.build.empty())
        programs.emplace_back(server.build[0]);
    for (const auto &program : programs) {
        if (access(program.c_str(), X_OK) != 0)
            return (program.empty() ? "its program" : program) + " is not here, package " +
                   std::string(server.package);
    }
    return {};
}

/** Compiles what a row says into the directory. The cache of the Go compiler outlives the test. */
void Build(const Server &server, const TempDir &built) {
    Start start{.cwd = built.Path()};
    for (const auto word : server.build) {
        std::string text(word);
        Replace(text, "@APPS@", APPS);
        Replace(text, "@BUILT@", built.Path());
        start.argv.push_back(text);
    }
    const char *root = std::getenv("TEST_BUILD_ROOT");
    REQUIRE(root != nullptr);
    start.env = {{"HOME", built.Path()},
                 {"CGO_ENABLED", "0"},
                 {"GO111MODULE", "off"},
                 {"GOCACHE", std::string(root) + "/tests/servers/go-cache"}};
    Process compiler(start);
    const auto ended = compiler.Wait(Duration{200'000});
    INFO(compiler.Describe());
    REQUIRE(ended == Exited(0));
}

} // namespace

std::string Trial::Filled(std::string_view text) const {
    std::string result(text);
    Replace(result, "@DIR@", dir.Path());
    Replace(result, "@BUILT@", built);
    Replace(result, "@PORT@", port);
    Replace(result, "@ADDRESS@", address);
    Replace(result, "@SYSTEMD_SERVER@", Reachable(SYSTEMD_SERVER));
    Replace(result, "@NPM@", NpmPrograms());
    return result;
}

std::vector<std::string> Trial::Filled(const std::vector<std::string_view> &texts) const {
    std::vector<std::string> result;
    for (const auto text : texts)
        result.push_back(Filled(text));
    return result;
}

Trial::Trial(const Server &server_, Way way_, std::string built_)
    : server(server_), way(std::move(way_)), built(std::move(built_)) {
    port = std::to_string(FreePort());
    address = std::string(server.host) + ":" + port;
    for (const auto file : server.files) {
        const std::string name(file);
        WriteApp(dir, name, Filled(ReadFile(std::string(APPS) + "/" + name)));
    }
    if (IsRoot() && (way.other_user || way.start.nobody))
        dir.GiveTo(NOBODY, NOBODY);

    Setup setup;
    setup.options = {"-n", std::to_string(WORKERS), "--balance", way.balance};
    for (auto &option : Filled(server.options))
        setup.options.push_back(std::move(option));
    if (way.other_user) {
        setup.options.push_back("--user");
        setup.options.push_back(std::to_string(NOBODY) + ":" + std::to_string(NOBODY));
    }
    setup.command = Filled(server.command);
    setup.start = way.start;
    setup.start.cwd = dir.Path();
    setup.start.env = {{"PYTHONDONTWRITEBYTECODE", "1"}, {"HOME", dir.Path()}};
    cluster = std::make_unique<Cluster>(std::move(setup));
}

std::string Trial::Where() const {
    return server.options.empty() ? "127.0.0.1:" + port : cluster->Address();
}

std::set<pid_t> Trial::Answering() const {
    std::set<pid_t> result;
    std::vector<Connection> connections;
    for (unsigned i = 0; i < 4 * WORKERS; ++i)
        connections.emplace_back(Where());
    for (auto &connection : connections)
        connection.Send(Question(server, dir.Path()));
    for (auto &open : connections) {
        // Closed with its turn: php-fpm's process waits for that before it takes the next.
        Connection connection = std::move(open);
        const auto reply = server.asked == Asked::DATAGRAM ? connection.Line() : connection.Rest();
        INFO("the reply: ", reply);
        const auto pid = AnsweredBy(server, reply);
        REQUIRE(pid.has_value());
        result.insert(*pid);
    }
    return result;
}

pid_t Trial::WorkerOf(pid_t pid) const {
    const auto workers = cluster->Workers();
    while (pid > 1) {
        for (const auto &[slot, worker] : workers)
            if (worker == pid)
                return worker;
        const auto parent = StatusField(pid, "PPid");
        pid = parent.empty() ? 0 : static_cast<pid_t>(std::stol(parent));
    }
    return 0;
}

void Trial::WaitUp() {
    cluster->WaitUp();
    CHECK(cluster->Workers().size() == WORKERS);
    CHECK(cluster->Seen("exit").empty());
    for (const auto &ready : cluster->Seen("ready"))
        CHECK((server.ready_by.empty() || ready.Text("by") == server.ready_by));
    if (server.options.empty()) {
        for (unsigned id = 1; id <= WORKERS; ++id)
            (void)cluster->WaitEvent("listening", [&](const Event &event) {
                return event.Number("id") == id && event.Flag("adopted") &&
                       event.Number("port") == std::stol(port);
            });
    }
}

void Trial::CheckAllAnswer() {
    std::set<pid_t> expected, answered;
    for (const auto &[slot, worker] : cluster->Workers())
        expected.insert(worker);
    REQUIRE(expected.size() == WORKERS);

    const bool all = WaitFor([&] {
        for (const auto pid : Answering()) {
            const auto worker = WorkerOf(pid);
            INFO("process ", pid, " answered");
            REQUIRE(expected.contains(worker));
            CHECK((pid == worker) == server.answers_itself);
            answered.insert(worker);
        }
        return answered.size() == WORKERS;
    });
    CHECK_MESSAGE(all, answered.size(), " of ", WORKERS, " workers answer");
}

void Trial::KillOne() {
    killed_slot = 1;
    const auto pid = cluster->Workers().at(killed_slot);
    orphans = Descendants(pid);
    REQUIRE(kill(pid, SIGKILL) == 0);
}

void Trial::KillOneUnderLoad() {
    const auto workers = cluster->Workers();
    volley = std::make_unique<Volley>(Where(), Question(server, dir.Path()));
    volley->AskHalves(2 * WORKERS);
    // The one that has accepted most: under `none` one server may be faster than all others.
    const auto held = [&](const auto &worker) { return volley->CountHeld(worker.second); };
    auto victim = workers.begin();
    REQUIRE(WaitFor([&] {
        victim = std::max_element(
            workers.begin(), workers.end(),
            [&](const auto &one, const auto &other) { return held(one) < held(other); });
        return held(*victim) > 0;
    }));
    killed_slot = victim->first;
    volley->Ask(8, "before the kill");
    orphans = volley->Kill(victim->second);
    volley->Ask(8, "after the kill");
    volley->SendOtherHalves();
}

void Trial::WaitHealed() {
    const auto end = cluster->WaitEvent("exit");
    killed_id = static_cast<unsigned>(end.Number("id"));
    CHECK(end.Number("slot") == killed_slot);
    CHECK(end.Text("signal") == "SIGKILL");
    CHECK_FALSE(end.Flag("exitedAfterDisconnect"));
    cluster->WaitEvent("ready", [&](const Event &event) {
        return event.Number("slot") == end.Number("slot") && event.Number("id") > killed_id;
    });
    for (const auto pid : orphans)
        CHECK_FALSE(Alive(pid));
    CHECK(cluster->Seen("exit").size() == 1);
}

void Trial::CheckLosses() {
    const auto losses = volley->Finish(
        [&](const std::string &reply) { return AnsweredBy(server, reply).has_value(); });
    for (const auto &lost : losses.wrong)
        FAIL_CHECK("the killed worker had not accepted ", lost);
    CHECK(losses.answered > 0);
}

void Trial::Stop() {
    const auto where = Where();
    CHECK(cluster->Stop() == Exited(server.stop_status));
    CHECK(cluster->Leftovers().empty());
    if (server.asked != Asked::DATAGRAM)
        CHECK(IsRefused(where));
    CHECK(access((dir / "socket").c_str(), F_OK) != 0);
}

namespace {

void Try(const Server &server, const std::vector<Way> &ways, bool under_load) {
    if (const auto missing = Missing(server); !missing.empty()) {
        ReportSkip(std::string(server.name) + ": " + missing);
        return;
    }
    const TempDir built;
    if (!server.build.empty())
        Build(server, built);

    std::vector<std::unique_ptr<Trial>> trials;
    for (const auto &way : ways) {
        if (way.needs_root && !IsRoot())
            ReportSkip(std::string(server.name) + ", " + way.name + ": needs root");
        else
            trials.push_back(std::make_unique<Trial>(server, way, built.Path()));
    }

    const auto each = [&](void (Trial::*step)()) {
        for (const auto &trial : trials) {
            INFO(trial->Name());
            ((*trial).*step)();
        }
    };
    each(&Trial::WaitUp);
    each(&Trial::CheckAllAnswer);
    each(under_load ? &Trial::KillOneUnderLoad : &Trial::KillOne);
    each(&Trial::WaitHealed);
    if (under_load)
        each(&Trial::CheckLosses);
    each(&Trial::CheckAllAnswer);
    each(&Trial::Stop);
}

} // namespace

void TryTable(std::span<const Server> servers, const std::string &names,
              const std::vector<Way> &ways, bool under_load) {
    std::string rows;
    for (const auto &server : servers)
        rows += (rows.empty() ? "" : " ") + std::string(server.name);
    REQUIRE(rows == names);

    const char *only = std::getenv("SERVER");
    bool found = false;
    for (const auto &server : servers) {
        if (only != nullptr && server.name != only)
            continue;
        found = true;
        Try(server, ways, under_load);
    }
    REQUIRE(found);
}
