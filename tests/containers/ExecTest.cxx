// `exec` brings processes into the container that are not the launcher's.

#include "containers/Container.hxx"
#include "process/Support.hxx"

using namespace containers;

namespace {

const Image SERVER{.command = {"clusterize", "-n", "2", "-p", "8000", "--", "echo-server"}};

} // namespace

TEST_CASE("exec: a probe is served, its status comes back") {
    CONTAINERS_OR_SKIP();
    const Container container({.command = {"clusterize", "-n", "2", "--stop-signal", "TERM", "--",
                                           "httpd", "-f", "-p", "8000", "-h", "/etc"}});
    container.WaitUp();
    const auto found =
        container.Exec({}, {"wget", "-q", "-O", "-", "http://127.0.0.1:8000/passwd"});
    CHECK(found.ended == Exited(0));
    CHECK(process::Contains(found.out, "app:x:1000:"));
    const auto absent = container.Exec({}, {"wget", "-q", "-O", "-", "http://127.0.0.1:8000/none"});
    CHECK(absent.ended == Exited(1));
}

TEST_CASE("exec: processes of a debugging session stay until the end, and hold up nothing") {
    CONTAINERS_OR_SKIP();
    const Container container(SERVER);
    container.WaitUp();
    container.WaitLog("serving id=", 2);
    CHECK(container
              .Exec({}, {"sh", "-c", "sleep 1000 >/dev/null 2>&1 & sleep 1001 >/dev/null 2>&1 &"})
              .ended == Exited(0));
    CHECK(container.Exec({"--detach"}, {"sleep", "1002"}).ended == Exited(0));
    // A worker ends and is replaced meanwhile.
    container.Inside([] { CHECK(Ask("127.0.0.1:8000", "exit 3") == "exiting"); });
    container.WaitLog("serving id=", 3);
    const auto list = container.Exec({}, {"ps"}).out;
    for (const char *sleeper : {"sleep 1000", "sleep 1001", "sleep 1002"}) {
        CAPTURE(sleeper);
        CHECK(process::Contains(list, sleeper));
    }
    const auto start = Now();
    CHECK(container.Stop() == 0);
    CHECK(SecondsSince(start) < 5);
}

TEST_CASE("exec: a second clusterize in the container") {
    CONTAINERS_OR_SKIP();
    const Container container(SERVER);
    container.WaitUp();
    const auto other = container.Exec({}, {"clusterize", "-n", "2", "-p", "8001", "--then",
                                           "echo client $PORT", "--", "echo-server"});
    CAPTURE(other.err);
    CHECK(other.ended == Exited(0));
    CHECK(process::Contains(other.out, "client 8001\n"));
    const auto same = container.Exec({}, {"clusterize", "-p", "8000", "--", "echo-server"});
    process::CheckRefused(same, 125, {"8000", "Address already in use"});
    container.Inside([] { CHECK(Ask("127.0.0.1:8000", "hello") == "hello"); });
    CHECK(container.Stop() == 0);
}

TEST_CASE("exec: kill -TERM 1 stops the container, kill -KILL 1 does nothing") {
    CONTAINERS_OR_SKIP();
    const Container container(SERVER);
    container.WaitUp();
    container.WaitLog("serving id=", 2);
    CHECK(container.Exec({}, {"sh", "-c", "kill -KILL 1; kill -STOP 1"}).ended == Exited(0));
    container.Inside([] { CHECK(Ask("127.0.0.1:8000", "hello") == "hello"); });
    (void)container.Exec({}, {"sh", "-c", "kill -TERM 1"});
    CHECK(container.Wait() == 0);
}
