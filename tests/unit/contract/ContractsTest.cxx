#include "contract/Contracts.hxx"
#include "util/UserError.hxx"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

using namespace contract;
using Texts = std::vector<std::string>;

namespace {

net::ListenSpec Spec(std::string name, net::Address address, int type = SOCK_STREAM,
                     bool both = false) {
    net::ListenSpec spec;
    spec.name = std::move(name);
    spec.at.type = type;
    spec.at.address = address;
    spec.at.both_families = both;
    return spec;
}

net::Address Ip(std::string_view host, unsigned port) {
    return net::Address::FromLiteral(host, port).value();
}

/** Five kinds of listeners. */
struct Fixture {
    Fixture()
        : specs{Spec("8000", net::Address::Any(AF_INET6, 8000), SOCK_STREAM, true),
                Spec("local", Ip("127.0.0.1", 8001)), Spec("53/udp", Ip("::1", 53), SOCK_DGRAM),
                Spec("x.sock", net::Address::Unix("/run/x.sock", false)),
                Spec("v6", Ip("::1", 8002))} {
        int fd = spawn::ChildDescriptors::FIRST;
        for (const net::ListenSpec &spec : specs)
            handover.listeners.push_back({fd++, &spec});
        handover.id = 7;
        handover.slot = 1;
        handover.workers = 4;
        handover.generation = 2;
        handover.launcher = 4242;
        handover.run = "0123456789abcdef";
    }

    /** What a contract sets, sorted; what only the child knows appears as an empty value. */
    Texts Render(std::string_view name, std::initializer_list<std::size_t> which) const {
        Handover some = handover;
        some.listeners.clear();
        int fd = spawn::ChildDescriptors::FIRST;
        for (const std::size_t i : which)
            some.listeners.push_back({fd++, &specs[i]});
        spawn::Environment env;
        const auto list = ParseContracts(name);
        REQUIRE(list.size() == 1);
        list[0]->render(some, env);
        return Sorted(env);
    }

    static Texts Sorted(spawn::Environment &env) {
        Texts texts;
        const auto block = env.MakeBlock();
        for (const char *entry : block.envp)
            if (entry != nullptr)
                texts.emplace_back(entry);
        std::sort(texts.begin(), texts.end());
        return texts;
    }

    std::vector<net::ListenSpec> specs;
    Handover handover;
};

constexpr std::initializer_list<std::size_t> NOTHING = {};

std::string Names(std::string_view text) {
    std::string names;
    for (const Contract *row : ParseContracts(text))
        names.append(names.empty() ? "" : " ").append(row->name);
    return names;
}

} // namespace

TEST_CASE_FIXTURE(Fixture, "what every worker finds") {
    spawn::Environment env;
    env.Set("CLUSTERIZE_SLOT", "of an enclosing one");
    RenderAlways(handover, env);
    CHECK(Sorted(env) == Texts{"CLUSTERIZE_GENERATION=2", "CLUSTERIZE_PID=4242",
                               "CLUSTERIZE_RUN=0123456789abcdef", "CLUSTERIZE_SLOT=1",
                               "CLUSTERIZE_WORKER_COUNT=4", "CLUSTERIZE_WORKER_ID=7"});
}

TEST_CASE_FIXTURE(Fixture, "the marks of a worker's descendants stand first in the environment") {
    const char *const inherited[] = {"A=1", "CLUSTERIZE_RUN=outer", nullptr};
    spawn::Environment env(inherited);
    RenderAlways(handover, env);
    REQUIRE(env.Entries().size() > 2);
    CHECK(env.Entries()[0] == "CLUSTERIZE_RUN=0123456789abcdef");
    CHECK(env.Entries()[1] == "CLUSTERIZE_WORKER_ID=7");
    CHECK(env.Entries()[2] == "A=1");
}

TEST_CASE_FIXTURE(Fixture, "systemd") {
    CHECK(Render("systemd", {0, 2, 3}) == Texts{"LISTEN_FDNAMES=8000:53/udp:x.sock", "LISTEN_FDS=3",
                                                "LISTEN_PID=", "LISTEN_PIDFDID="});
    CHECK(Render("systemd", NOTHING).empty());
}

TEST_CASE_FIXTURE(Fixture, "systemd: an empty name keeps its place") {
    specs[0].name = "";
    CHECK(Render("systemd", {0, 1})[0] == "LISTEN_FDNAMES=:local");
    CHECK(Render("systemd", {1, 0})[0] == "LISTEN_FDNAMES=local:");
}

TEST_CASE_FIXTURE(Fixture, "port: when exactly one TCP port was asked for") {
    CHECK(Render("port", {0}) == Texts{"PORT=8000"});
    CHECK(Render("port", {2, 3, 1}) == Texts{"PORT=8001"}); // UDP and unix do not count
    CHECK(Render("port", {0, 1}).empty());
    CHECK(Render("port", {2, 3}).empty());
    CHECK(Render("port", NOTHING).empty());
}

TEST_CASE_FIXTURE(Fixture, "einhorn") {
    CHECK(Render("einhorn", {0, 3}) == Texts{"EINHORN_CHILD_INDEX=1", "EINHORN_FDS=3 4",
                                             "EINHORN_FD_0=3", "EINHORN_FD_1=4",
                                             "EINHORN_FD_COUNT=2", "EINHORN_MASTER_PID=4242"});
}

TEST_CASE_FIXTURE(Fixture, "server-starter") {
    CHECK(
        Render("server-starter", {0, 1, 2, 3, 4}) ==
        Texts{"SERVER_STARTER_GENERATION=2",
              "SERVER_STARTER_PORT=8000=3;127.0.0.1:8001=4;[::1]:53=5;/run/x.sock=6;[::1]:8002=7"});
    specs[1] = Spec("all4", Ip("0.0.0.0", 9000));
    CHECK(Render("server-starter", {1}) ==
          Texts{"SERVER_STARTER_GENERATION=2", "SERVER_STARTER_PORT=9000=3"});
}

TEST_CASE_FIXTURE(Fixture, "nginx") {
    CHECK(Render("nginx", {0, 1, 3}) == Texts{"NGINX=3;4;5;"});
    CHECK(Render("nginx", {0}) == Texts{"NGINX=3;"});
    CHECK(Render("nginx", NOTHING).empty());
}

TEST_CASE_FIXTURE(Fixture, "php-fpm: IPv6 without brackets") {
    CHECK(Render("php-fpm", {1, 4, 3}) ==
          Texts{"FPM_SOCKETS=127.0.0.1:8001=3,::1:8002=4,/run/x.sock=5"});
    CHECK(Render("php-fpm", NOTHING).empty());
}

TEST_CASE_FIXTURE(Fixture, "puma") {
    CHECK(Render("puma", {1, 4, 3}) == Texts{"PUMA_INHERIT_0=3:tcp://127.0.0.1:8001",
                                             "PUMA_INHERIT_1=4:tcp://[::1]:8002",
                                             "PUMA_INHERIT_2=5:unix:///run/x.sock"});
    CHECK(Render("puma", NOTHING).empty());
}

TEST_CASE_FIXTURE(Fixture, "gunicorn") {
    CHECK(Render("gunicorn", {0, 1}) == Texts{"GUNICORN_FD=3,4", "GUNICORN_PID=4242"});
    CHECK(Render("gunicorn", NOTHING).empty());
}

TEST_CASE("lists of contracts: each once, in the order of the table") {
    CHECK(Names("auto") == "systemd port");
    CHECK(Names("none").empty());
    CHECK(Names("port") == "port");
    CHECK(Names("port,systemd,port") == "systemd port");
    CHECK(Names("nginx,auto") == "systemd port nginx");
    CHECK(Names("systemd,port,einhorn,server-starter,nginx,php-fpm,puma,gunicorn") ==
          "systemd port einhorn server-starter nginx php-fpm puma gunicorn");
}

TEST_CASE("lists of contracts that are none: the message says what there is") {
    const std::string there = "auto, none, or some of systemd, port, einhorn, server-starter, "
                              "nginx, php-fpm, puma, gunicorn";
    CHECK_THROWS_WITH_AS(ParseContracts("heroku"), ("'heroku' is no contract: " + there).c_str(),
                         util::UserError);
    CHECK_THROWS_WITH_AS(ParseContracts(""), ("a contract is missing: " + there).c_str(),
                         util::UserError);
    for (const char *text :
         {"port,none", "none,port", "port,", ",", "Port", "port, systemd", "all"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(ParseContracts(text), util::UserError);
    }
}

TEST_CASE("what contracts imply: einhorn stops with USR2, nginx wants O_NONBLOCK") {
    for (const Contract &row : CONTRACTS) {
        CAPTURE(row.name);
        CHECK(row.stop_signal == (row.name == "einhorn" ? SIGUSR2 : 0));
        CHECK(row.nonblocking == (row.name == "nginx"));
        CHECK(row.automatic == (row.name == "systemd" || row.name == "port"));
    }
}
