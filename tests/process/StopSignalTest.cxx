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
    REQUIRE(WaitFor(
        [&] { return Contains(cluster.Out(), "start ") || Contains(cluster.Out(), "handling "); }));
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
        {"nginx", SIGQUIT},         {"php-fpm", SIGQUIT},    {"php-fpm8.2", SIGQUIT},
        {"unicorn", SIGQUIT},       {"uwsgi", SIGQUIT},      {"apache2", SIGWINCH},
        {"unicorn_rails", SIGQUIT}, {"uwsgi-core", SIGQUIT}, {"uwsgi_python3", SIGQUIT},
        {"httpd", SIGWINCH},        {"nginx-like", SIGTERM}, {"my-nginx", SIGTERM}};
    for (const auto &program : programs) {
        INFO(program.first);
        REQUIRE(symlink(Behave().c_str(), (directory / program.first).c_str()) == 0);
        CHECK(SignalWith({}, {directory / program.first, "handle", "3", "15", "28"}) ==
              Number(program.second));
    }
    // --stop-signal wins.
    CHECK(SignalWith({"--stop-signal", "TERM"}, {directory / "nginx", "handle", "3", "15"}) ==
          Number(SIGTERM));
}

TEST_CASE("auto: another program of that name, which does not handle the signal, gets TERM") {
    const TempDir directory;
    for (const char *name : {"httpd", "apache2", "nginx", "uwsgi"}) {
        INFO(name);
        REQUIRE(symlink(Behave().c_str(), (directory / name).c_str()) == 0);
        Cluster cluster({.options = {"-n", "1", "--stop-timeout", "1h"},
                         .command = {directory / name, "handle", Number(SIGTERM)}});
        cluster.WaitOut("handling ");
        CHECK(cluster.Stop() == Exited(0));
        CHECK(Count(cluster.Out(), "got 15") == 1);
    }
    CHECK(SignalWith({"--contract", "einhorn"}, {Behave(), "handle", Number(SIGTERM)}) ==
          Number(SIGTERM));
}

TEST_CASE("auto: httpd of busybox ends by TERM") {
    const TempDir directory;
    const auto found = Run({.argv = {"/bin/sh", "-c", "command -v busybox"}});
    if (found.ended != Exited(0))
        HARNESS_SKIP("no busybox");
    REQUIRE(symlink(found.out.substr(0, found.out.find('\n')).c_str(),
                    (directory / "httpd").c_str()) == 0);
    Cluster cluster(
        {.options = {"-n", "1", "--stop-timeout", "1h"},
         .command = {directory / "httpd", "-f", "-p", "127.0.0.1:" + std::to_string(FreePort())}});
    (void)cluster.WaitEvent("listening");
    CHECK(cluster.Stop() == Exited(143));
}

TEST_CASE("auto: by what the main process executes when the signal is sent") {
    const TempDir directory;
    for (const char *name : {"httpd", "nginx"})
        REQUIRE(symlink(Behave().c_str(), (directory / name).c_str()) == 0);
    const std::string arguments = " handle 3 15 28";
    const std::string httpd = "exec " + (directory / "httpd") + arguments + "\n";
    CHECK(SignalWith({}, {"/bin/sh", "-c", "exec " + (directory / "nginx") + arguments}) ==
          Number(SIGQUIT));
    for (const char *name : {"httpd-foreground", "apache2-foreground", "apachectl"})
        CHECK(SignalWith({}, {directory.Write(name, "#!/bin/sh\n" + httpd, 0755)}) ==
              Number(SIGWINCH));
}

TEST_CASE("auto: what a wrapper leaves behind is asked by its own signal") {
    const TempDir directory;
    REQUIRE(symlink(Behave().c_str(), (directory / "apache2").c_str()) == 0);
    const std::string script = directory.Write(
        "apache2ctl", "#!/bin/sh\n" + (directory / "apache2") + " handle 15 28\nexit 0\n", 0755);
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"}, .command = {script}});
    cluster.WaitOut("handling ");
    CHECK(cluster.Stop() == Exited(143));
    CHECK(Count(cluster.Out(), "got 28") == 1);
    CHECK(!Contains(cluster.Out(), "got 15"));
}

TEST_CASE("auto: found through PATH as well") {
    const TempDir directory;
    REQUIRE(symlink(Behave().c_str(), (directory / "uwsgi").c_str()) == 0);
    Cluster cluster({.options = {"-n", "1"},
                     .command = {"uwsgi", "handle", "3", "15"},
                     .start = {.env = {{"PATH", directory.Path() + ":/usr/bin:/bin"}}}});
    cluster.WaitOut("handling ");
    CHECK(StopServers(cluster) == Exited(0));
    CHECK(Contains(cluster.Out(), "got 3 "));
}

TEST_CASE("auto: USR2 under the einhorn contract") {
    CHECK(SignalWith({"-p", "127.0.0.1:0", "--contract", "einhorn"},
                     {Behave(), "handle", "12", "15"}) == Number(SIGUSR2));
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
