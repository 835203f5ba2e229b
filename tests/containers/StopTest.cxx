// `stop` sends TERM and after ten seconds KILL: the status says how it went, and nobody has to wait
// for KILL.

#include "containers/Container.hxx"
#include "process/Support.hxx"

using namespace containers;

namespace {

Image TwoOf(std::vector<std::string> options, const std::vector<std::string> &command) {
    options.insert(options.begin(), {"clusterize", "-n", "2"});
    options.push_back("--");
    options.insert(options.end(), command.begin(), command.end());
    return {.command = std::move(options)};
}

} // namespace

TEST_CASE("workers that TERM kills: 143, at once") {
    CONTAINERS_OR_SKIP();
    const Container container(TwoOf({"--ready", "exec"}, {"behave", "pause"}));
    container.WaitUp();
    const auto start = Now();
    CHECK(container.Stop() == 143);
    CHECK(SecondsSince(start) < 8);
}

TEST_CASE("workers that ignore TERM are killed before the runtime kills the launcher") {
    CONTAINERS_OR_SKIP();
    const Container container(
        TwoOf({"--ready", "exec", "--restart", "always"}, {"behave", "ignore-term"}));
    container.WaitUp();
    CHECK(container.Stop() == 137);
    CHECK(process::Count(container.Log(), "was killed by SIGKILL, as it had not ended in time") ==
          2);
}

TEST_CASE("a server that takes two seconds for its end has them") {
    CONTAINERS_OR_SKIP();
    const Container container(TwoOf({"-p", "8000"}, {"echo-server", "--slow", "2000"}));
    container.WaitUp();
    container.WaitLog("serving id=", 2);
    CHECK(container.Stop() == 0);
    CHECK(process::Count(container.Log(), "exited with status 0") == 2);
}

TEST_CASE("processes that a worker left behind do not hold up the stop") {
    CONTAINERS_OR_SKIP();
    const Container container(
        TwoOf({"-p", "8000"}, {"sh", "-c", "behave daemonize-exit sleep 1000; exec echo-server"}));
    container.WaitUp();
    container.WaitLog("serving id=", 2);
    const auto start = Now();
    CHECK(container.Stop() == 0);
    CHECK(SecondsSince(start) < 8);
}

TEST_CASE("stopped while it starts") {
    CONTAINERS_OR_SKIP();
    const Container container(
        TwoOf({"-p", "8000", "--ready", "notify"}, {"sh", "-c", "exec echo-server"}));
    container.WaitLog("serving id=", 2);
    const auto start = Now();
    CHECK(container.Stop() == 0);
    CHECK(SecondsSince(start) < 8);
}

TEST_CASE("the runtime kills the launcher: the container is gone with all of it") {
    CONTAINERS_OR_SKIP();
    const Container container(TwoOf({"-p", "8000"}, {"echo-server"}));
    container.WaitUp();
    container.Signal("KILL");
    CHECK(container.Wait() == 137);
}
