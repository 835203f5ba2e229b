#include "sys/Hosts.hxx"
#include "harness/TempDir.hxx"

#include <doctest/doctest.h>

using namespace sys;
using Addresses = std::vector<std::string>;

namespace {

Addresses LookUp(const std::string &content, std::string_view name) {
    const harness::TempDir directory;
    return LookUpHost(name, directory.Write("hosts", content));
}

constexpr const char *HOSTS = "127.0.0.1\tlocalhost\n"
                              "# 10.0.0.1 hidden\n"
                              "::1     localhost ip6-localhost ip6-loopback\n"
                              "10.0.0.2 db.example.org db # hidden\n"
                              "   10.0.0.3\t \tindented   \n"
                              "\n"
                              "10.0.0.4\n"
                              "10.0.0.5 last";

} // namespace

TEST_CASE("all addresses of a name, in the order of the file") {
    CHECK(LookUp(HOSTS, "localhost") == Addresses{"127.0.0.1", "::1"});
}

TEST_CASE("aliases, blanks, and a last line without its end") {
    CHECK(LookUp(HOSTS, "db") == Addresses{"10.0.0.2"});
    CHECK(LookUp(HOSTS, "ip6-loopback") == Addresses{"::1"});
    CHECK(LookUp(HOSTS, "indented") == Addresses{"10.0.0.3"});
    CHECK(LookUp(HOSTS, "last") == Addresses{"10.0.0.5"});
}

TEST_CASE("case does not matter, the whole name does") {
    CHECK(LookUp(HOSTS, "LocalHost") == Addresses{"127.0.0.1", "::1"});
    CHECK(LookUp(HOSTS, "DB.Example.ORG") == Addresses{"10.0.0.2"});
    CHECK(LookUp(HOSTS, "local") == Addresses{});
    CHECK(LookUp(HOSTS, "localhost.") == Addresses{});
}

TEST_CASE("a comment and the address itself are no names") {
    CHECK(LookUp(HOSTS, "hidden") == Addresses{});
    CHECK(LookUp(HOSTS, "#") == Addresses{});
    CHECK(LookUp(HOSTS, "10.0.0.4") == Addresses{});
    CHECK(LookUp(HOSTS, "") == Addresses{});
}

TEST_CASE("no file, no address") {
    CHECK(LookUpHost("localhost", "/nonexistent/hosts").empty());
}
