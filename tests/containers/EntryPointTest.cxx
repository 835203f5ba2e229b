// The image of the README: clusterize is the entry point, and variables are its options.

#include "containers/Container.hxx"
#include "process/Support.hxx"

using namespace containers;

TEST_CASE("the Dockerfile of the README serves, and stops with 0") {
    CONTAINERS_OR_SKIP();
    const Container container(
        {.options = {"--env", "CLUSTERIZE_WORKERS=3"}, .command = {"echo-server"}, .name = ENTRY});
    container.WaitUp();
    CHECK(container.Shares(8000, 60).size() == 3);
    container.WaitLog("serving id=", 3);
    const auto start = Now();
    CHECK(container.Stop() == 0);
    CHECK(SecondsSince(start) < 10);
    CHECK(process::Count(container.Log(), "signal=15") == 3);
}

TEST_CASE("words after the image replace the command, not the entry point") {
    CONTAINERS_OR_SKIP();
    const auto result = Runtime::Instance().Run(
        {"--rm", "--env", "CLUSTERIZE_WORKERS=2", "--env", "CLUSTERIZE_JOBS=yes"}, ENTRY,
        {"sh", "-c", "echo port=$PORT workers=$CLUSTERIZE_WORKERS"});
    CHECK(result.ended == Exited(0));
    CHECK(result.out == "port=8000 workers=\nport=8000 workers=\n");
}

TEST_CASE("a variable without a value is an option that was not given") {
    CONTAINERS_OR_SKIP();
    const auto result = Runtime::Instance().Run(
        {"--rm", "--env", "CLUSTERIZE_PORT=", "--env", "CLUSTERIZE_WORKERS="}, ENTRY,
        {"sh", "-c", "echo port=$PORT"});
    CHECK(result.ended == Exited(0));
    CHECK(result.out == "port=\n");
}

TEST_CASE("a wrong variable ends the container at once, with one line") {
    CONTAINERS_OR_SKIP();
    process::CheckRefused(
        Runtime::Instance().Run({"--rm", "--env", "CLUSTERIZE_PORT=http"}, ENTRY, {"echo-server"}),
        125, {"CLUSTERIZE_PORT", "http"});
}

TEST_CASE("a server that binds its port itself is adopted in a container") {
    CONTAINERS_OR_SKIP();
    const Container container(
        {.options = {"--env", "CLUSTERIZE_WORKERS=2", "--env", "CLUSTERIZE_PORT=", "--env",
                     "CLUSTERIZE_STOP_SIGNAL=TERM"},
         .command = {"binder", "tcp:0.0.0.0:8000"},
         .name = ENTRY});
    container.WaitUp();
    CHECK(container.Shares(8000, 40).size() == 2);
    CHECK(container.Stop() == 0);
}

TEST_CASE("a server of the image, on a port below 1024") {
    CONTAINERS_OR_SKIP();
    const Container container({.command = {"clusterize", "-n", "2", "--stop-signal", "TERM", "--",
                                           "httpd", "-f", "-p", "80", "-h", "/etc"}});
    container.WaitUp();
    container.Inside([] {
        const auto reply = HttpGet("127.0.0.1:80", "/group");
        CHECK(reply.status == 200);
        CHECK(process::Contains(reply.body, "app:x:1000:"));
    });
    // It does not handle TERM.
    CHECK(container.Stop() == 143);
}

TEST_CASE("a shell script as the entry point that executes clusterize") {
    CONTAINERS_OR_SKIP();
    const Container container({.command = {"sh", "-c",
                                           "sleep 1000 & exec clusterize -n 2 -p 8000 -- "
                                           "echo-server"}});
    container.WaitUp();
    CHECK(container.Shares(8000, 40).size() == 2);
    const auto start = Now();
    CHECK(container.Stop() == 0);
    CHECK(SecondsSince(start) < 5);
}
