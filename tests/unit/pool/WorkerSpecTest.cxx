#include "pool/WorkerSpec.hxx"

#include <doctest/doctest.h>

#include <unistd.h>

using namespace pool;
using Texts = std::vector<std::string>;

namespace {

WorkerRef Worker(unsigned slot) {
    return {7, slot, 1, 0, slot};
}

} // namespace

TEST_CASE("the user's own word wins over contracts and the launcher's environment; templates "
          "expand in it") {
    WorkerSpec spec;
    spec.command = {"server", "{slot}"};
    spec.environment.Set("A", "inherited");
    spec.environment.Set("PATH", "/one:/two");
    spec.assignments = {{"A", "{9000+slot}"}, {"CLUSTERIZE_SLOT", "mine"}};
    spec.run = "run";
    const spawn::LaunchSpec launch = MakeLaunchSpec(spec, Worker(2), 4, {}, {});
    CHECK(launch.env.Find("A") == "9002");
    CHECK(launch.env.Find("CLUSTERIZE_SLOT") == "mine");
    CHECK(launch.env.Find("CLUSTERIZE_RUN") == "run");
    CHECK(launch.env.Find("CLUSTERIZE_WORKER_ID") == "7");
    CHECK(launch.env.Find("CLUSTERIZE_PID") == std::to_string(getpid()));
    CHECK(launch.argv == Texts{"server", "{slot}"}); // only where it was asked for
    CHECK(launch.paths == Texts{"/one/server", "/two/server"});
}

TEST_CASE("the user's variables replace the launcher's, and the user's own word wins") {
    WorkerSpec spec;
    spec.command = {"server"};
    for (const char *name : {"HOME", "USER", "SHELL"})
        spec.environment.Set(name, "of root");
    spec.account = {{"HOME", "/home"}, {"USER", std::nullopt}, {"SHELL", "/bin/sh"}};
    spec.assignments = {{"SHELL", "mine"}};
    const spawn::LaunchSpec launch = MakeLaunchSpec(spec, Worker(0), 1, {}, {});
    CHECK(launch.env.Find("HOME") == "/home");
    CHECK_FALSE(launch.env.Find("USER"));
    CHECK(launch.env.Find("SHELL") == "mine");
}

TEST_CASE("arguments expand where it was asked for") {
    WorkerSpec spec;
    spec.command = {"server-{slot}", "--id={id}", "{x}"};
    spec.expand_arguments = true;
    const spawn::LaunchSpec launch = MakeLaunchSpec(spec, Worker(3), 4, {}, {});
    CHECK(launch.argv == Texts{"server-3", "--id=7", "{x}"});
}

TEST_CASE("the command is looked for in the PATH that the worker gets") {
    WorkerSpec spec;
    spec.command = {"server"};
    spec.environment.Set("PATH", "/launcher");
    spec.assignments = {{"PATH", "/worker"}};
    CHECK(MakeLaunchSpec(spec, Worker(0), 4, {}, {}).paths == Texts{"/worker/server"});
}

TEST_CASE("slot k is pinned to the k-th CPU of the list, wrapping") {
    WorkerSpec spec;
    spec.command = {"server"};
    CHECK(MakeLaunchSpec(spec, Worker(0), 4, {}, {}).cpus.empty());
    spec.cpus = {4, 6, 1};
    for (const auto &[slot, cpu] : {std::pair(0U, 4U), {1U, 6U}, {2U, 1U}, {3U, 4U}, {7U, 6U}})
        CHECK(MakeLaunchSpec(spec, Worker(slot), 4, {}, {}).cpus == std::vector<unsigned>{cpu});
}

TEST_CASE("standard input from /dev/null is a move of its own") {
    WorkerSpec spec;
    spec.command = {"server"};
    spec.null_stdin = true;
    const auto launch = MakeLaunchSpec(spec, Worker(0), 4, {}, sys::Fd(42));
    REQUIRE(launch.fds.Moves().size() == 1);
    CHECK(launch.fds.Moves()[0].from == 42);
    CHECK(launch.fds.Moves()[0].to == 0);
}
