// Which signal asks a worker to stop: --stop-signal, and auto by the name of the program.

#include "Support.hxx"

#include <csignal>
#include <unistd.h>

using namespace process;

namespace {

/** The one signal that a worker got when its cluster was stopped. */
std::string SignalWith(std::vector<std::string> options, std::vector<std::string> command) {
    // USR2, WINCH and others end no signal-log, so the time is short.
    options.insert(options.end(), {"-n", "1", "--stop-timeout", "1"});
    Cluster cluster({.options = std::move(options), .command = std::move(command)});
    cluster.WaitOut("start ");
    (void)cluster.Stop();
    CHECK(Count(cluster.Out(), "got ") == 1);
    const std::string out = cluster.Out();
    const auto got = out.find("got ");
    return got == std::string::npos ? "none"
                                    : out.substr(got + 4, out.find(' ', got + 4) - got - 4);
}

std::string Number(int signo) {
    return std::to_string(signo);
}

} // namespace

TEST_CASE("--stop-signal with and without SIG, by number, real-time ones") {
    const std::vector<std::string> command{Behave(), "signal-log"};
    CHECK(SignalWith({}, command) == Number(SIGTERM));
    CHECK(SignalWith({"--stop-signal", "auto"}, command) == Number(SIGTERM));
    CHECK(SignalWith({"--stop-signal", "QUIT"}, command) == Number(SIGQUIT));
    CHECK(SignalWith({"--stop-signal", "SIGINT"}, command) == Number(SIGINT));
    CHECK(SignalWith({"--stop-signal", "USR2"}, command) == Number(SIGUSR2));
    CHECK(SignalWith({"--stop-signal", "RTMIN+3"}, command) == Number(SIGRTMIN + 3));
}

TEST_CASE("auto: by the base name of the command") {
    const TempDir directory;
    const std::vector<std::pair<std::string, int>> programs{
        {"nginx", SIGQUIT},   {"php-fpm", SIGQUIT},    {"php-fpm8.2", SIGQUIT},
        {"unicorn", SIGQUIT}, {"uwsgi", SIGQUIT},      {"apache2", SIGWINCH},
        {"httpd", SIGWINCH},  {"nginx-like", SIGTERM}, {"my-nginx", SIGTERM}};
    for (const auto &program : programs) {
        INFO(program.first);
        REQUIRE(symlink(Behave().c_str(), (directory / program.first).c_str()) == 0);
        CHECK(SignalWith({}, {directory / program.first, "signal-log"}) == Number(program.second));
    }
    // --stop-signal wins.
    CHECK(SignalWith({"--stop-signal", "TERM"}, {directory / "nginx", "signal-log"}) ==
          Number(SIGTERM));
}

TEST_CASE("auto: found through PATH as well") {
    const TempDir directory;
    REQUIRE(symlink(Behave().c_str(), (directory / "uwsgi").c_str()) == 0);
    Cluster cluster({.options = {"-n", "1"},
                     .command = {"uwsgi", "signal-log"},
                     .start = {.env = {{"PATH", directory.Path() + ":/usr/bin:/bin"}}}});
    cluster.WaitOut("start ");
    CHECK(StopServers(cluster) == Exited(0));
    CHECK(Contains(cluster.Out(), "got 3 "));
}

TEST_CASE("auto: USR2 under the einhorn contract") {
    CHECK(SignalWith({"-p", "127.0.0.1:0", "--contract", "einhorn"}, {Behave(), "signal-log"}) ==
          Number(SIGUSR2));
}

TEST_CASE("a worker that does not end by the stop signal is killed in time") {
    Cluster cluster({.options = {"-n", "1", "--stop-signal", "USR1", "--stop-timeout", "1"},
                     .command = {Behave(), "ignore-term"}});
    cluster.WaitOut("ignoring");
    CHECK(cluster.Stop() == Exited(137));
}

TEST_CASE("a worker that dies of its stop signal: 128 and the number") {
    Cluster cluster(
        {.options = {"-n", "1", "--stop-signal", "USR1"}, .command = {Behave(), "pause"}});
    cluster.WaitOut("pausing");
    CHECK(cluster.Stop() == Exited(128 + SIGUSR1));
}
