#include "net/Address.hxx"
#include "net/ListenSpec.hxx"
#include "sys/UniqueFd.hxx"

#include <doctest/doctest.h>

#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

using namespace net;

namespace {

Address Ip(std::string_view host, unsigned port = 80) {
    const auto address = Address::FromLiteral(host, port);
    REQUIRE(address);
    return *address;
}

} // namespace

TEST_CASE("IPv4") {
    const Address address = Ip("127.0.0.1", 8080);
    CHECK(address.Family() == AF_INET);
    CHECK(address.Length() == sizeof(sockaddr_in));
    CHECK(address.Port() == 8080U);
    CHECK(address.Host() == "127.0.0.1");
    CHECK(address.ToString() == "127.0.0.1:8080");
}

TEST_CASE("IPv6, in its short form and with brackets where a port follows") {
    const Address address = Ip("0:0:0:0:0:0:0:1", 65535);
    CHECK(address.Family() == AF_INET6);
    CHECK(address.Length() == sizeof(sockaddr_in6));
    CHECK(address.Port() == 65535U);
    CHECK(address.Host() == "::1");
    CHECK(address.ToString() == "[::1]:65535");
    CHECK(Ip("::ffff:1.2.3.4").Host() == "::ffff:1.2.3.4");
}

TEST_CASE("a zone, by name and by number") {
    const unsigned index = if_nametoindex("lo");
    REQUIRE(index != 0);
    const std::string number = std::to_string(index);
    CHECK(Ip("fe80::1%lo").ToString() == "[fe80::1%" + number + "]:80");
    CHECK(Ip("fe80::1%lo") == Ip("fe80::1%" + number));
    CHECK_FALSE(Ip("fe80::1%lo") == Ip("fe80::1"));
    CHECK_FALSE(Address::FromLiteral("fe80::1%no-such-interface", 80));
    CHECK_FALSE(Address::FromLiteral("fe80::1%0", 80));
    CHECK_FALSE(Address::FromLiteral("fe80::1%", 80));
    CHECK_FALSE(Address::FromLiteral("127.0.0.1%lo", 80));
}

TEST_CASE("what is no literal") {
    for (const char *text :
         {"", "localhost", "127.0.0.1.", "127.1", "127.0.0.256", "127.0.0.01", "[::1]",
          "::1::", "12345::", "fe80::g", ":", "0x7f000001", " 127.0.0.1", "*"}) {
        CAPTURE(text);
        CHECK_FALSE(Address::FromLiteral(text, 80));
    }
}

TEST_CASE("all addresses") {
    CHECK(Address::Any(AF_INET, 80).ToString() == "0.0.0.0:80");
    CHECK(Address::Any(AF_INET6, 80).ToString() == "[::]:80");
    CHECK(Address::Any(AF_INET6, 0).Port() == 0U);
}

TEST_CASE("unix paths") {
    const Address address = Address::Unix("/run/x.sock", false);
    CHECK(address.Family() == AF_UNIX);
    CHECK_FALSE(address.Port());
    CHECK(address.Host() == "/run/x.sock");
    CHECK(address.ToString() == "/run/x.sock");
    CHECK(address.Length() == offsetof(sockaddr_un, sun_path) + 12);
}

TEST_CASE("the longest unix path") {
    const std::string longest(Address::MOST_PATH, 'p');
    CHECK(Address::Unix(longest, false).Host() == longest);
    CHECK(Address::Unix(longest, false).Length() == sizeof(sockaddr_un));
}

TEST_CASE("abstract names: no file, and their length is part of them") {
    const Address address = Address::Unix("name", true);
    CHECK(address.Host() == "@name");
    CHECK(address.ToString() == "@name");
    CHECK(address.Length() == offsetof(sockaddr_un, sun_path) + 5);
    CHECK_FALSE(address == Address::Unix("name", false));
    CHECK_FALSE(address == Address::Unix("names", true));
    CHECK(address == Address::Unix("name", true));
}

TEST_CASE("what differs in family, address or port is not equal") {
    CHECK(Ip("127.0.0.1") == Ip("127.0.0.1"));
    CHECK_FALSE(Ip("127.0.0.1", 80) == Ip("127.0.0.1", 81));
    CHECK_FALSE(Ip("127.0.0.1") == Ip("127.0.0.2"));
    CHECK_FALSE(Ip("::1") == Ip("::"));
    CHECK_FALSE(Ip("0.0.0.0") == Ip("::"));
}

TEST_CASE("the address of a socket is what it was bound to") {
    for (const Address &asked :
         {Ip("127.0.0.1", 0), Address::Unix("clusterize-unit-" + std::to_string(getpid()), true)}) {
        const sys::UniqueFd fd(sys::AdoptTag(),
                               socket(asked.Family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(bind(fd.Get(), asked.Get(), asked.Length()) == 0);
        const Address bound = Address::OfSocket(fd.Get());
        CHECK(bound.Host() == asked.Host());
        if (asked.Port())
            CHECK(bound.Port() != 0U);
        else
            CHECK(bound == asked);
    }
    const sys::UniqueFd unnamed(sys::AdoptTag(), socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(Address::OfSocket(unnamed.Get()).Host() == "unnamed");
    CHECK_THROWS_AS(Address::OfSocket(-1), std::system_error);
}

TEST_CASE("the name of a listener that was given none") {
    CHECK(DefaultName({SOCK_STREAM, Ip("127.0.0.1", 8000)}) == "8000");
    CHECK(DefaultName({SOCK_DGRAM, Ip("::1", 53)}) == "53/udp");
    CHECK(DefaultName({SOCK_STREAM, Address::Unix("/run/app/x.sock", false)}) == "x.sock");
    CHECK(DefaultName({SOCK_STREAM, Address::Unix("relative", false)}) == "relative");
    CHECK(DefaultName({SOCK_STREAM, Address::Unix("name", true)}) == "name");
    CHECK(DefaultName({SOCK_STREAM, Address::Unix("/run/a:b\n.sock", false)}) == "a_b_.sock");
}
