// Users: the runtime's --user, and clusterize's.

#include "containers/Container.hxx"
#include "process/Support.hxx"

using namespace containers;

TEST_CASE("the runtime's --user: no right at all, and it serves") {
    CONTAINERS_OR_SKIP();
    // One that /etc/passwd knows, and one that it does not.
    for (const char *user : {"app", "1000", "54321:54321"}) {
        CAPTURE(user);
        const Container container(
            {.options = {"--user", user},
             .command = {"clusterize", "-n", "2", "--", "binder", "tcp:0.0.0.0:8000"}});
        container.WaitUp();
        CHECK(StatusField(container.Pid(), "CapEff") == "0000000000000000");
        CHECK(container.Shares(8000, 40).size() == 2);
        CHECK(container.Stop() == 0);
    }
}

TEST_CASE("the runtime's --user and a port below 1024: refused with the reason") {
    CONTAINERS_OR_SKIP();
    process::CheckRefused(
        Runtime::Instance().Run({"--rm", "--user", "1000"}, TOOLS,
                                {"clusterize", "-n", "2", "-p", "80", "--", "echo-server"}),
        125, {"80", "Permission denied", "CAP_NET_BIND_SERVICE"});
}

TEST_CASE("clusterize's --user: the launcher is root, the workers are not") {
    CONTAINERS_OR_SKIP();
    for (const char *user : {"app", "54321:54321"}) {
        CAPTURE(user);
        const Container container({.command = {"clusterize", "-n", "2", "--user", user, "--",
                                               "binder", "tcp:0.0.0.0:80"}});
        container.WaitUp();
        CHECK(container.Shares(80, 40).size() == 2);
        const auto family = Descendants(container.Pid());
        const std::string id = std::string(user) == "app" ? "1000" : "54321";
        size_t workers = 0;
        for (const pid_t pid : family) {
            if (CommandLine(pid).starts_with("binder")) {
                ++workers;
                CHECK(process::Contains(StatusField(pid, "Uid"), id));
                CHECK(StatusField(pid, "CapEff") == "0000000000000000");
            }
        }
        CHECK(workers == 2);
        CHECK(container.Stop() == 0);
    }
}

TEST_CASE("clusterize's --user below the runtime's is refused with the reason") {
    CONTAINERS_OR_SKIP();
    process::CheckRefused(
        Runtime::Instance().Run({"--rm", "--user", "1000"}, TOOLS,
                                {"clusterize", "--user", "54321:54321", "--", "true"}),
        125, {"only root with CAP_SETUID and CAP_SETGID"});
}

TEST_CASE("clusterize's --user writes to a pipe and to /dev/stdout of the container") {
    CONTAINERS_OR_SKIP();
    for (const char *output : {"inherit", "prefix"}) {
        CAPTURE(output);
        const auto result = Runtime::Instance().Run({"--rm"}, TOOLS,
                                                    {"clusterize", "--user", "app", "--output",
                                                     output, "--", "sh", "-c", "echo plain; id"});
        CHECK(result.ended == Exited(0));
        CHECK(process::Contains(result.out, "plain\n"));
        CHECK(process::Contains(result.out, "uid=1000(app)"));
    }
}
