#include "pool/ReadyRule.hxx"

#include <doctest/doctest.h>

using namespace pool;
using namespace std::chrono_literals;

namespace {

ReadyRule Rule(const char *text) {
    return ReadyRule(ParseReady(text).value());
}

net::Endpoint Tcp(const char *host, unsigned port) {
    return {SOCK_STREAM, net::Address::FromLiteral(host, port).value()};
}

net::Endpoint Unix(const char *path) {
    return {SOCK_STREAM, net::Address::Unix(path, false)};
}

} // namespace

TEST_CASE("the words of the table, or a duration") {
    CHECK(ParseReady("auto")->by == ReadyBy::AUTO);
    CHECK(ParseReady("auto")->alive == 3s);
    CHECK(ParseReady("listen")->by == ReadyBy::LISTEN);
    CHECK(ParseReady("notify")->by == ReadyBy::NOTIFY);
    CHECK(ParseReady("exec")->by == ReadyBy::EXEC);
    CHECK(ParseReady("500ms")->by == ReadyBy::TIME);
    CHECK(ParseReady("500ms")->alive == 500ms);
    CHECK(ParseReady("2m")->alive == 2min);
    CHECK(ParseReady("0")->alive == 0s);
    for (const char *wrong : {"", "DURATION", "Auto", "listening", "3 s", "-1", "auto,exec",
                              "listen:ADDRESS", "listen:8000"})
        CHECK_FALSE(ParseReady(wrong));
    CHECK(ReadySpec().by == ReadyBy::AUTO);
    CHECK(ReadySpec().timeout == 60s);
}

TEST_CASE("auto: being alive counts until one worker of the cluster has listened") {
    ReadyRule rule = Rule("auto");
    CHECK(rule.Accept(Sign::ALIVE));
    CHECK(rule.Accept(Sign::LISTEN));
    CHECK_FALSE(rule.Accept(Sign::ALIVE));
    CHECK(rule.Accept(Sign::NOTIFY));
}

TEST_CASE("auto: being alive counts until one worker of the cluster has said READY=1") {
    ReadyRule rule = Rule("auto");
    CHECK_FALSE(rule.Accept(Sign::EXEC));
    CHECK(rule.Accept(Sign::ALIVE));
    CHECK(rule.Accept(Sign::ALIVE));
    CHECK(rule.Accept(Sign::NOTIFY));
    CHECK_FALSE(rule.Accept(Sign::ALIVE));
    CHECK(rule.Accept(Sign::NOTIFY));
    CHECK_FALSE(rule.Accept(Sign::ALIVE));
}

TEST_CASE("the others: one sign each") {
    for (const auto &[text, counts] : {std::pair{"listen", Sign::LISTEN},
                                       {"notify", Sign::NOTIFY},
                                       {"exec", Sign::EXEC},
                                       {"3s", Sign::ALIVE}})
        for (const Sign sign :
             {Sign::EXEC, Sign::ALIVE, Sign::NOTIFY, Sign::LISTEN, Sign::ALIVE, Sign::EXEC}) {
            ReadyRule rule = Rule(text);
            CHECK(rule.Accept(sign) == (sign == counts));
        }
}

TEST_CASE("an exclusive address counts only if listening was named") {
    for (const char *rule : {"auto", "notify", "exec", "3s"})
        CHECK_FALSE(Rule(rule).AcceptListeningAlone(Tcp("127.0.0.1", 80)));
    CHECK(Rule("listen").AcceptListeningAlone(Tcp("127.0.0.1", 80)));
    ReadySpec spec = ParseReady("listen").value();
    spec.at = {"127.0.0.1:80", Tcp("127.0.0.1", 80), ""};
    CHECK(ReadyRule(spec).AcceptListeningAlone(Tcp("127.0.0.1", 80)));
    CHECK_FALSE(ReadyRule(spec).AcceptListeningAlone(Tcp("127.0.0.1", 81)));
}

TEST_CASE("which addresses serve the one that is named") {
    const net::Endpoint any = {SOCK_STREAM, net::Address::Any(AF_INET6, 80), true};
    const ReadyAddress port = {"80", any, ""};
    CHECK(port.IsServedAt(any));
    CHECK(port.IsServedAt(Tcp("127.0.0.1", 80)));
    CHECK(port.IsServedAt(Tcp("::1", 80)));
    CHECK_FALSE(port.IsServedAt(Tcp("127.0.0.1", 81)));
    net::Endpoint udp = Tcp("127.0.0.1", 80);
    udp.type = SOCK_DGRAM;
    CHECK_FALSE(port.IsServedAt(udp));

    const ReadyAddress host = {"127.0.0.1:80", Tcp("127.0.0.1", 80), ""};
    CHECK(host.IsServedAt(any));
    CHECK(host.IsServedAt(Tcp("127.0.0.1", 80)));
    CHECK(host.IsServedAt(Tcp("::ffff:127.0.0.1", 80)));
    CHECK(host.IsServedAt(Tcp("0.0.0.0", 80)));
    CHECK_FALSE(host.IsServedAt(Tcp("127.0.0.2", 80)));
    CHECK_FALSE(host.IsServedAt(Tcp("::", 80))); // IPv6 alone
    CHECK_FALSE(host.IsServedAt(Unix("/run/x")));

    const ReadyAddress path = {"unix:x", Unix("x"), "/run/x"};
    CHECK(path.IsServedAt(Unix("x")));
    CHECK(path.IsServedAt(Unix("/run/x")));
    CHECK_FALSE(path.IsServedAt(Unix("/run/y")));
    CHECK_FALSE(path.IsServedAt(any));
}

TEST_CASE("who only has to stay alive needs no other limit") {
    ReadySpec spec;
    spec.timeout = 5s;
    CHECK(ReadyRule(spec).Timeout() == 5s);
    spec.by = ReadyBy::NOTIFY;
    CHECK(ReadyRule(spec).Timeout() == 5s);
    spec.by = ReadyBy::TIME;
    CHECK(ReadyRule(spec).Timeout() == 0s);
    CHECK(spec.ByTime());
    CHECK_FALSE(ParseReady("exec")->ByTime());
}
