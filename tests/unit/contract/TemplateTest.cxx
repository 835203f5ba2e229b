#include "contract/Template.hxx"

#include <doctest/doctest.h>

using namespace contract;

namespace {

struct Fixture {
    Fixture() {
        unix_path.name = "sock";
        unix_path.at.address = net::Address::Unix("/run/x.sock", false);
        udp.name = "dns";
        udp.at.type = SOCK_DGRAM;
        udp.at.address = net::Address::FromLiteral("127.0.0.1", 53).value();
        web.name = "web";
        web.at.address = net::Address::Any(AF_INET6, 8000);
        handover.listeners = {{3, &unix_path}, {4, &udp}, {5, &web}};
        handover.id = 17;
        handover.slot = 2;
        handover.workers = 4;
    }

    std::string operator()(std::string_view text) const { return Expand(text, handover); }

    net::ListenSpec unix_path, udp, web;
    Handover handover;
};

} // namespace

TEST_CASE("each template") {
    const Fixture expand;
    CHECK(expand("{fd}") == "3");
    CHECK(expand("{fd:web}") == "5");
    CHECK(expand("{fd:sock}") == "3");
    CHECK(expand("{port}") == "8000"); // of the first TCP listener
    CHECK(expand("{id}") == "17");
    CHECK(expand("{slot}") == "2");
    CHECK(expand("{workers}") == "4");
}

TEST_CASE("several, and text around them") {
    const Fixture expand;
    CHECK(expand("a{slot}b{slot}{id}c") == "a2b217c");
    CHECK(expand("--fd={fd} --port={port}") == "--fd=3 --port=8000");
    CHECK(expand("nothing") == "nothing");
    CHECK(expand("") == "");
}

TEST_CASE("a base before a number") {
    const Fixture expand;
    CHECK(expand("{9230+slot}") == "9232");
    CHECK(expand("{0+id}") == "17");
    CHECK(expand("{1000000000+slot}") == "1000000002");
    CHECK(expand("{1+fd:web}") == "6");
    CHECK(expand("{10+port}") == "8010");
}

TEST_CASE("unknown braces stay as they are") {
    const Fixture expand;
    for (const char *text : {"{}",
                             "{x}",
                             "{ slot }",
                             "{SLOT}",
                             "{slot",
                             "slot}",
                             "}{",
                             "{",
                             "}",
                             "{fd:}",
                             "{fd:none}",
                             "{+slot}",
                             "{1+}",
                             "{x+slot}",
                             "{1+2+slot}",
                             "{-1+slot}",
                             "{slot+1}",
                             "{1 + slot}",
                             "{1000000001+slot}",
                             "{99999999999999999999+slot}",
                             "${VAR}",
                             "{\"a\": {\"b\": 1}}"}) {
        CAPTURE(text);
        CHECK(expand(text) == text);
    }
}

TEST_CASE("odd braces around a known one") {
    const Fixture expand;
    CHECK(expand("{{slot}") == "{2");
    CHECK(expand("{{slot}}") == "{2}");
    CHECK(expand("{x{slot}}") == "{x2}");
    CHECK(expand("{slot}}{") == "2}{");
    CHECK(expand("{\"slot\": {slot}}") == "{\"slot\": 2}");
    CHECK(expand("${slot}") == "$2");
}

TEST_CASE("without listeners there is neither descriptor nor port") {
    Fixture expand;
    expand.handover.listeners.clear();
    CHECK(expand("{fd} {fd:web} {port} {1+port} {slot}") == "{fd} {fd:web} {port} {1+port} 2");
}

TEST_CASE("without a TCP listener there is no port") {
    Fixture expand;
    expand.handover.listeners.pop_back();
    CHECK(expand("{port}{fd}") == "{port}3");
}
