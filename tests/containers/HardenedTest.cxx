// What a careful user takes away from a container: nothing of it is needed.

#include "containers/Container.hxx"
#include "process/Support.hxx"

using namespace containers;

namespace {

void CheckServes(const std::vector<std::string> &options) {
    for (const bool adopted : {false, true}) {
        CAPTURE(adopted);
        std::vector<std::string> command{"clusterize", "-n", "2"};
        if (adopted)
            command.insert(command.end(), {"--", "binder", "tcp:0.0.0.0:8000"});
        else
            command.insert(command.end(), {"-p", "8000", "--", "echo-server"});
        const Container container({.options = options, .command = command});
        container.WaitUp();
        if (!adopted)
            container.WaitLog("serving id=", 2);
        CHECK(container.Shares(8000, 40).size() == 2);
        container.Signal("USR2");
        CHECK(container.Stop() == 0);
    }
}

} // namespace

TEST_CASE("--read-only") {
    CONTAINERS_OR_SKIP();
    CheckServes({"--read-only", "--read-only-tmpfs=false"});
}

TEST_CASE("--cap-drop all") {
    CONTAINERS_OR_SKIP();
    CheckServes({"--cap-drop", "all"});
}

TEST_CASE("--security-opt no-new-privileges") {
    CONTAINERS_OR_SKIP();
    CheckServes({"--security-opt", "no-new-privileges"});
}

TEST_CASE("all of it at once, as another user") {
    CONTAINERS_OR_SKIP();
    CheckServes({"--read-only", "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt",
                 "no-new-privileges", "--user", "54321:54321", "--ipc", "none"});
}

TEST_CASE("--cap-drop all: a worker of another user is refused with the reason") {
    CONTAINERS_OR_SKIP();
    process::CheckRefused(Runtime::Instance().Run({"--rm", "--cap-drop", "all"}, TOOLS,
                                                  {"clusterize", "--user", "app", "--", "true"}),
                          125, {"only root with CAP_SETUID and CAP_SETGID"});
}

TEST_CASE("--read-only: a file that cannot be written is refused with the reason") {
    CONTAINERS_OR_SKIP();
    for (const char *option : {"--events", "--pid-file"}) {
        CAPTURE(option);
        process::CheckRefused(
            Runtime::Instance().Run({"--rm", "--read-only"}, TOOLS,
                                    {"clusterize", option, "/etc/file", "--", "true"}),
            125, {"/etc/file", "Read-only file system"});
    }
}
