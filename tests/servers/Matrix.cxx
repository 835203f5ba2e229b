/**
 * Every server of the table, under both balances, started by root, by root for another user, and
 * by a user without any right. The runs of one server go through their steps side by side, as most
 * of the time is spent on waiting until a worker counts as ready.
 *
 * SERVER names one row of the table; without it all are tried, one after the other.
 */

#include "Servers.hxx"
#include "harness/Harness.hxx"

#include <csignal>
#include <cstdlib>
#include <memory>
#include <set>
#include <sstream>
#include <unistd.h>

using namespace harness;

namespace {

constexpr unsigned WORKERS = 3;

struct Mode {
    const char *name;
    const char *balance;
    enum class As { SELF, OTHER_USER, NOBODY } as;
};

constexpr Mode MODES[] = {
    {"random, as it is", "random", Mode::As::SELF},
    {"none, with --user", "none", Mode::As::OTHER_USER},
    {"random, unprivileged", "random", Mode::As::NOBODY},
    {"none, unprivileged", "none", Mode::As::NOBODY},
};

void Replace(std::string &text, const std::string &what, const std::string &with) {
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
        text.replace(at, what.size(), with);
}

/** One server behind one clusterize. */
class Trial {
    const Server &server;
    const Mode &mode;
    TempDir dir;
    std::string port, address;
    std::unique_ptr<Cluster> cluster;

    /** What was below the worker that was killed. */
    std::vector<pid_t> orphans;
    unsigned killed_id = 0;

    std::string Filled(std::string_view text) const {
        std::string result(text);
        Replace(result, "@DIR@", dir.Path());
        Replace(result, "@PORT@", port);
        Replace(result, "@ADDRESS@", address);
        Replace(result, "@SYSTEMD_SERVER@", Reachable(SYSTEMD_SERVER));
        return result;
    }

    std::vector<std::string> Filled(const std::vector<std::string_view> &texts) const {
        std::vector<std::string> result;
        for (const auto text : texts)
            result.push_back(Filled(text));
        return result;
    }

    /** The ids of the processes that answer: several questions are under way at once. */
    std::set<pid_t> Answering() const;

    /** The worker (its main process) that a process belongs to; 0 where it belongs to none. */
    pid_t WorkerOf(pid_t pid) const;

public:
    Trial(const Server &server_, const Mode &mode_);

    std::string Name() const { return std::string(server.name) + ", " + mode.name; }

    void WaitUp();

    /** Asks until each worker has answered. */
    void CheckAllAnswer();

    /** Ends one worker as a crash would. */
    void KillOne();
    void WaitHealed();

    void Stop();
};

Trial::Trial(const Server &server_, const Mode &mode_) : server(server_), mode(mode_) {
    port = std::to_string(FreePort());
    address = std::string(server.host) + ":" + port;
    if (IsRoot() && mode.as != Mode::As::SELF)
        dir.GiveTo(NOBODY, NOBODY);
    for (const auto file : server.files) {
        const std::string name(file);
        dir.Write(name, Filled(ReadFile(std::string(APPS) + "/" + name)));
    }

    Setup setup;
    setup.options = {"-n", std::to_string(WORKERS), "--balance", mode.balance};
    for (auto &option : Filled(server.options))
        setup.options.push_back(std::move(option));
    if (mode.as == Mode::As::OTHER_USER) {
        setup.options.push_back("--user");
        setup.options.push_back(std::to_string(NOBODY) + ":" + std::to_string(NOBODY));
    }
    setup.command = Filled(server.command);
    setup.start.nobody = mode.as == Mode::As::NOBODY;
    setup.start.cwd = dir.Path();
    setup.start.env = {{"PYTHONDONTWRITEBYTECODE", "1"}, {"HOME", dir.Path()}};
    cluster = std::make_unique<Cluster>(std::move(setup));
}

std::set<pid_t> Trial::Answering() const {
    std::set<pid_t> result;
    const auto take = [&](const std::string &body) {
        pid_t pid = 0;
        std::istringstream(body) >> pid;
        INFO("the answer: ", body);
        REQUIRE(pid > 0);
        result.insert(pid);
    };
    const auto where = cluster->Address();

    switch (server.asked) {
    case Asked::HTTP: {
        std::vector<Connection> connections;
        for (unsigned i = 0; i < 4 * WORKERS; ++i)
            connections.emplace_back(where);
        for (auto &connection : connections)
            connection.Send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        for (auto &connection : connections) {
            const auto reply = connection.Rest();
            INFO("the reply: ", reply);
            REQUIRE(reply.starts_with("HTTP/1.1 200 "));
            take(reply.substr(reply.find("\r\n\r\n") + 4));
        }
        break;
    }

    case Asked::FASTCGI: {
        const auto script = dir / "pid.php";
        std::vector<std::unique_ptr<Process>> clients;
        for (unsigned i = 0; i < 2 * WORKERS; ++i)
            clients.push_back(std::make_unique<Process>(
                Start{.argv = {"/usr/bin/cgi-fcgi", "-bind", "-connect", where},
                      .env = {{"REQUEST_METHOD", "GET"},
                              {"SCRIPT_NAME", "/pid.php"},
                              {"SCRIPT_FILENAME", script}}}));
        for (auto &client : clients) {
            REQUIRE(client->Wait() == Exited(0));
            const auto reply = client->Out();
            take(reply.substr(reply.find("\r\n\r\n") + 4));
        }
        break;
    }

    case Asked::DATAGRAM: {
        std::vector<Connection> connections;
        for (unsigned i = 0; i < 4 * WORKERS; ++i)
            connections.emplace_back(where);
        for (unsigned i = 0; i < connections.size(); ++i) {
            // All datagrams of one flow go to one worker.
            const auto text = "datagram " + std::to_string(i);
            const auto reply = connections[i].Ask(text);
            CHECK(reply.ends_with(text));
            take(reply);
        }
        break;
    }
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
    constexpr unsigned SLOT = 1;
    const auto pid = cluster->Workers().at(SLOT);
    killed_id = static_cast<unsigned>(
        cluster->WaitEvent("online", [&](const Event &event) { return event.Number("pid") == pid; })
            .Number("id"));
    orphans = Descendants(pid);
    REQUIRE(kill(pid, SIGKILL) == 0);
}

void Trial::WaitHealed() {
    const auto end = cluster->WaitEvent(
        "exit", [&](const Event &event) { return event.Number("id") == killed_id; });
    CHECK(end.Text("signal") == "SIGKILL");
    CHECK_FALSE(end.Flag("exitedAfterDisconnect"));
    cluster->WaitEvent("ready", [&](const Event &event) {
        return event.Number("slot") == end.Number("slot") && event.Number("id") > killed_id;
    });
    for (const auto pid : orphans)
        CHECK_FALSE(Alive(pid));
    CHECK(cluster->Seen("exit").size() == 1);
}

void Trial::Stop() {
    const auto where = cluster->Address();
    CHECK(cluster->Stop() == Exited(server.stop_status));
    CHECK(cluster->Leftovers().empty());
    if (server.asked != Asked::DATAGRAM)
        CHECK(IsRefused(where));
    CHECK(access((dir / "socket").c_str(), F_OK) != 0);
}

void Try(const Server &server) {
    std::vector<std::unique_ptr<Trial>> trials;
    for (const auto &mode : MODES) {
        if (mode.as == Mode::As::OTHER_USER && !IsRoot()) {
            ReportSkip(std::string(server.name) + ", " + mode.name + ": needs root");
            continue;
        }
        trials.push_back(std::make_unique<Trial>(server, mode));
    }

    const auto each = [&](void (Trial::*step)()) {
        for (const auto &trial : trials) {
            INFO(trial->Name());
            ((*trial).*step)();
        }
    };
    each(&Trial::WaitUp);
    each(&Trial::CheckAllAnswer);
    each(&Trial::KillOne);
    each(&Trial::WaitHealed);
    each(&Trial::CheckAllAnswer);
    each(&Trial::Stop);
}

std::string Program(const Server &server) {
    std::string program(server.program);
    Replace(program, "@SYSTEMD_SERVER@", SYSTEMD_SERVER);
    return program;
}

} // namespace

TEST_CASE("a real server") {
    // The build starts this program once a server, by name: no row may be forgotten there.
    std::string names;
    for (const auto &server : Servers())
        names += (names.empty() ? "" : " ") + std::string(server.name);
    REQUIRE(names == SERVER_NAMES);

    const char *only = std::getenv("SERVER");
    bool found = false;
    for (const auto &server : Servers()) {
        if (only != nullptr && server.name != only)
            continue;
        found = true;
        if (const auto program = Program(server); access(program.c_str(), X_OK) != 0) {
            ReportSkip(std::string(server.name) + ": " +
                       (program.empty() ? "its program" : program) + " is not here, package " +
                       std::string(server.package));
            continue;
        }
        Try(server);
    }
    REQUIRE(found);
}
