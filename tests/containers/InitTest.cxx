// `--init`: the runtime puts an init of its own in front, so that the launcher is not process 1.

#include "containers/Container.hxx"
#include "process/Support.hxx"

using namespace containers;

namespace {

constexpr const char *INIT = "/usr/libexec/podman/catatonit", *OTHER = "/usr/bin/catatonit";

std::string FindInit() {
    return ReadFile(INIT).empty() ? OTHER : INIT;
}

} // namespace

TEST_CASE("--init: signals and the status come through") {
    CONTAINERS_OR_SKIP();
    if (ReadFile(FindInit()).empty())
        HARNESS_SKIP("catatonit is not installed");
    const Container container(
        {.options = {"--init", "--init-path", FindInit()},
         .command = {"clusterize", "-n", "2", "-p", "8000", "--", "echo-server"}});
    container.WaitUp();
    container.WaitLog("serving id=", 2);
    CHECK(container.Shares(8000, 40).size() == 2);
    const auto start = Now();
    CHECK(container.Stop() == 0);
    CHECK(SecondsSince(start) < 8);
    CHECK(process::Count(container.Log(), "signal=15") == 2);
}

TEST_CASE("--init: what workers leave behind is ended by the launcher all the same") {
    CONTAINERS_OR_SKIP();
    if (ReadFile(FindInit()).empty())
        HARNESS_SKIP("catatonit is not installed");
    const Container container({.options = {"--init", "--init-path", FindInit()},
                               .command = {"clusterize", "-n", "1", "--", "sh", "-c",
                                           "behave daemonize-exit sleep 1000; exit 5"}});
    CHECK(container.Wait() == 5);
}
