// `kill --signal` reaches process 1, which is the launcher.

#include "containers/Container.hxx"
#include "process/Support.hxx"

using namespace containers;

TEST_CASE("kill --signal HUP reaches every worker of a server once") {
    CONTAINERS_OR_SKIP();
    for (const bool terminal : {false, true}) {
        CAPTURE(terminal);
        const Container container(
            {.options = terminal ? std::vector<std::string>{"--tty"} : std::vector<std::string>{},
             .command = {"clusterize", "-n", "2", "--restart", "always", "--", "behave",
                         "signal-log"}});
        container.WaitLog("start slot=", 2);
        container.Signal("HUP");
        container.WaitLog("got 1 slot=", 2);
        container.Signal("USR1");
        container.WaitLog("got 10 slot=", 2);
        CHECK(container.Stop() == 0);
        const std::string log = container.Log();
        for (const char *signal : {"got 1 ", "got 10 ", "got 15 "}) {
            CAPTURE(signal);
            CHECK(process::Count(log, signal) == 2);
        }
    }
}

TEST_CASE("kill --signal HUP: a worker that it ends is replaced") {
    CONTAINERS_OR_SKIP();
    const Container container(
        {.command = {"clusterize", "-n", "2", "-p", "8000", "--", "echo-server"}});
    container.WaitUp();
    container.WaitLog("serving id=", 2);
    container.Signal("HUP");
    container.WaitLog("was killed by SIGHUP", 2);
    container.WaitLog("serving id=", 4);
    // The second one gets connections when the launcher has seen it wait for them.
    CHECK(WaitFor([&] { return container.Shares(8000, 40).size() == 2; }));
    CHECK(container.Stop() == 0);
}

TEST_CASE("kill --signal INT and QUIT stop it as TERM does") {
    CONTAINERS_OR_SKIP();
    for (const char *signal : {"INT", "QUIT"}) {
        CAPTURE(signal);
        const Container container(
            {.command = {"clusterize", "-n", "2", "-p", "8000", "--", "echo-server"}});
        container.WaitUp();
        container.WaitLog("serving id=", 2);
        container.Signal(signal);
        CHECK(container.Wait() == 0);
    }
}

TEST_CASE("jobs in a container stop at HUP") {
    CONTAINERS_OR_SKIP();
    const Container container({.command = {"clusterize", "--jobs", "-n", "2", "--", "sh", "-c",
                                           "echo job; exec sleep 1000"}});
    container.WaitLog("job", 2);
    container.Signal("HUP");
    CHECK(container.Wait() == 143);
}
