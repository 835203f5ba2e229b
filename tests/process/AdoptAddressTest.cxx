// Programs that bind a fixed TCP port themselves: which address, which family, with and without -p.

#include "Binders.hxx"

#include <csignal>

using namespace process;

namespace {

std::string At(const std::string &host, unsigned port) {
    return host + ":" + std::to_string(port);
}

constexpr const char *IPV4 = "2", *IPV6 = "10"; // AF_INET, AF_INET6

struct Case {
    const char *host, *options, *event_address, *family;
    std::vector<const char *> answered, refused;
};

} // namespace

TEST_CASE("a fixed port is shared, at the address and in the families that the program asks for") {
    const std::vector<Case> cases{
        {"127.0.0.1", "", "127.0.0.1", IPV4, {"127.0.0.1"}, {"[::1]", "127.0.0.2"}},
        {"127.0.0.2", "", "127.0.0.2", IPV4, {"127.0.0.2"}, {"[::1]", "127.0.0.1"}},
        {"0.0.0.0", "", "0.0.0.0", IPV4, {"127.0.0.1", "127.0.0.2"}, {"[::1]"}},
        {"[::1]", "", "::1", IPV6, {"[::1]"}, {"127.0.0.1"}},
        {"[::]", "", "::", IPV6, {"[::1]", "127.0.0.1"}, {}},
        {"[::]", ",v6only", "::", IPV6, {"[::1]"}, {"127.0.0.1"}},
    };
    for (const char *balance : {"random", "none"}) {
        for (const auto &one : cases) {
            INFO(one.host, one.options, " under ", balance);
            const unsigned port = FreePort();
            Binders cluster({"--balance", balance}, {"tcp:" + At(one.host, port) + one.options});
            cluster.WaitServing();
            CHECK(cluster.Same(0, "bind") == "0");
            CHECK(cluster.Same(0, "listen") == "0");
            CHECK(cluster.Same(0, "name") == At(one.host, port));
            CHECK(cluster.Same(0, "family") == one.family);
            const auto event = cluster.WaitListening();
            CHECK(event.Text("address") == one.event_address);
            CHECK(event.Number("port") == port);
            CHECK(event.Number("addressType") == (one.family == std::string(IPV4) ? 4 : 6));
            cluster.WaitUp();
            for (const char *host : one.answered)
                CHECK(cluster.AllAnswer(At(host, port)));
            for (const char *host : one.refused)
                CHECK(IsRefused(At(host, port)));
            CHECK(cluster.Stop() == Exited(0));
            for (const char *host : one.answered)
                CHECK(IsRefused(At(host, port)));
        }
    }
}

TEST_CASE("both families on one port, as two sockets of a program") {
    const unsigned port = FreePort();
    Binders cluster({}, {"tcp:" + At("0.0.0.0", port), "tcp:" + At("[::]", port) + ",v6only"});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "listen") == "0");
    CHECK(cluster.Same(1, "listen") == "0");
    CHECK(cluster.AllAnswer(At("127.0.0.1", port)));
    CHECK(cluster.AllAnswer(At("[::1]", port)));
    CHECK(Field(Ask(At("127.0.0.1", port), "who"), "step") == "0");
    CHECK(Field(Ask(At("[::1]", port), "who"), "step") == "1");
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("what a descriptor was made with stays: O_NONBLOCK, FD_CLOEXEC, its number") {
    for (const char *balance : {"random", "none"}) {
        const unsigned one = FreePort(), two = FreePort();
        Binders cluster({"--balance", balance},
                        {"tcp:" + Local(one) + ",nonblock,cloexec", "tcp:" + Local(two)});
        cluster.WaitServing();
        CHECK(cluster.Same(0, "nonblock") == "1");
        CHECK(cluster.Same(0, "cloexec") == "1");
        CHECK(cluster.Same(1, "cloexec") == "0");
        // Of a shared socket the first that serves has set it for all, as binder does.
        if (balance == std::string("random"))
            CHECK(cluster.Same(1, "nonblock") == "0");
        CHECK(cluster.AllAnswer(Local(one)));
        CHECK(cluster.AllAnswer(Local(two)));
        CHECK(cluster.Stop() == Exited(0));
    }
}

TEST_CASE(
    "a shared socket stays O_NONBLOCK when one more worker comes to it, which does not know yet") {
    const unsigned port = FreePort();
    Binders cluster({"--balance", "none"}, {"tcp:" + Local(port)});
    cluster.WaitServing(); // each has set the flag by itself now
    cluster.WaitUp();
    REQUIRE(kill(cluster.WaitOnline(1), SIGKILL) == 0);
    WaitReady(cluster, 4);
    cluster.WaitOut("serving slot=0 id=4");
    CHECK(cluster.Of(0)["0"]["id"] == "4");
    CHECK(cluster.Of(0)["0"]["nonblock"] == "1");
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("a negative backlog is the largest, as the kernel has it") {
    for (const char *balance : {"random", "none"}) {
        const unsigned port = FreePort();
        Binders cluster({"--balance", balance}, {"tcp:" + Local(port) + ",backlog=-1"});
        cluster.WaitServing();
        CHECK(cluster.Same(0, "listen") == "0");
        CHECK(cluster.AllAnswer(Local(port)));
        CHECK(cluster.Stop() == Exited(0));
    }
}

TEST_CASE("-p decides where its port is served, whatever local address a worker names") {
    struct AskedFor {
        const char *asked; // before the port, with what follows it
        const char *bound, *family;
        std::vector<const char *> answered, refused;
    };
    const std::vector<AskedFor> cases{
        {"", "127.0.0.1", IPV4, {"127.0.0.1"}, {}},
        {"", "0.0.0.0", IPV4, {"127.0.0.1"}, {}},
        {"", "[::]", IPV6, {"127.0.0.1", "[::1]"}, {}},
        {"", "[::1]", IPV6, {"127.0.0.1", "[::1]"}, {}},
        {"127.0.0.1:", "0.0.0.0", IPV4, {"127.0.0.1"}, {"127.0.0.2", "[::1]"}},
        {"127.0.0.1:", "[::]", IPV6, {"127.0.0.1"}, {"127.0.0.2", "[::1]"}},
        {"127.0.0.1:", "127.0.0.2", IPV4, {"127.0.0.1"}, {"127.0.0.2"}},
        {"[::1]:", "[::]", IPV6, {"[::1]"}, {"127.0.0.1"}},
    };
    for (const auto &one : cases) {
        const unsigned port = FreePort();
        INFO("-p ", one.asked, "PORT, bind to ", one.bound);
        Binders cluster({"-p", one.asked + std::to_string(port)}, {"tcp:" + At(one.bound, port)});
        cluster.WaitServing();
        CHECK(cluster.Same(0, "bind") == "0");
        CHECK(cluster.Same(0, "listen") == "0");
        CHECK(cluster.Same(0, "family") == one.family);
        CHECK(cluster.WaitListening().Number("port") == port);
        cluster.WaitUp();
        for (const char *host : one.answered)
            CHECK(cluster.AllAnswer(At(host, port)));
        for (const char *host : one.refused)
            CHECK(IsRefused(At(host, port)));
        CHECK(cluster.Stop() == Exited(0));
    }
}

TEST_CASE("a worker on another family than -p: getsockname tells the listener's address") {
    const unsigned port = FreePort();
    Binders cluster({"-p", Local(port)}, {"tcp:" + At("[::]", port)});
    cluster.WaitServing();
    CHECK(cluster.Same(0, "name") == At("[::ffff:127.0.0.1]", port));
    CHECK(cluster.Stop() == Exited(0));
}

TEST_CASE("what the kernel refuses is refused with the same error") {
    const unsigned port = FreePort();
    Binders cluster({"--ready", "exec"}, {"tcp:" + At("192.0.2.1", port)});
    CHECK(cluster.Same(0, "bind") == "EADDRNOTAVAIL");
    cluster.WaitServing();
    CHECK(cluster.Stop() == Exited(0));
    if (!IsRoot())
        return;
    Binders low({"--ready", "exec"}, {"tcp:127.0.0.1:1"}, {.nobody = true});
    CHECK(low.Same(0, "bind") == "EACCES");
    low.WaitServing();
    CHECK(low.Stop() == Exited(0));
}

TEST_CASE("another user's workers get a port below 1024 with the launcher's rights") {
    if (!IsRoot())
        HARNESS_SKIP("a port below 1024 needs root");
    unsigned port = 80;
    while (port < 1024 && !IsRefused(Local(port)))
        ++port;
    REQUIRE(port < 1024);
    for (const bool docker : {false, true}) {
        Binders cluster({"--user", "65534:65534"}, {"tcp:" + Local(port)},
                        {.docker_capabilities = docker, .docker_profile = docker});
        cluster.WaitServing();
        CHECK(cluster.Same(0, "listen") == "0");
        CHECK(cluster.AllAnswer(Local(port)));
        CHECK(StatusField(cluster.WaitOnline(1), "Uid") == "65534\t65534\t65534\t65534");
        CHECK(cluster.Stop() == Exited(0));
    }
}
