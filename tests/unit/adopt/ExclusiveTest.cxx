#include "adopt/Exclusive.hxx"
#include "util/UserError.hxx"

#include <doctest/doctest.h>

using namespace adopt;

namespace {

Exclusives Of(std::initializer_list<const char *> texts) {
    Exclusives exclusives;
    for (const char *text : texts)
        exclusives.Add(text);
    return exclusives;
}

} // namespace

TEST_CASE("ports: those that were named, and no port that other slots get in their place") {
    const Exclusives exclusives = Of({"9100", "9200", "9100"});
    CHECK(exclusives.HasPort(9100));
    CHECK(exclusives.HasPort(9200));
    CHECK_FALSE(exclusives.HasPort(9101));
    CHECK_FALSE(exclusives.HasPort(0));
    CHECK(exclusives.Ports() == std::set<unsigned>{9100, 9200});
    CHECK(Of({"0"}).HasPort(0));
    CHECK(Of({"65535"}).HasPort(65535));
}

TEST_CASE("paths and abstract names, which are not the same") {
    const Exclusives exclusives = Of({"unix:/run/x.sock", "unix:@name", "unix:./a//b"});
    CHECK(exclusives.HasPath("/run/x.sock"));
    CHECK(exclusives.HasPath("/run/./y/../x.sock"));
    CHECK(exclusives.HasPath("@name"));
    CHECK(exclusives.HasPath("a/b"));
    CHECK_FALSE(exclusives.HasPath("name"));
    CHECK_FALSE(exclusives.HasPath("/run/@name"));
    CHECK_FALSE(exclusives.HasPath("/a/b"));
    CHECK_FALSE(exclusives.HasPath("/run/x.sock.1"));
    CHECK_FALSE(exclusives.HasPort(0));
}

TEST_CASE("nothing is exclusive at first") {
    CHECK(Exclusives().IsEmpty());
    CHECK_FALSE(Exclusives().HasPort(0));
    CHECK_FALSE(Exclusives().HasPath("x"));
    CHECK_FALSE(Of({"0"}).IsEmpty());
    CHECK_FALSE(Of({"unix:x"}).IsEmpty());
}

TEST_CASE("what is neither") {
    for (const char *text : {"", "x", "65536", "-1", "9100/udp", "127.0.0.1:9100", "unix:",
                             "unix:@", "/run/x.sock", "9100-9110", "99999999999999999999"}) {
        CAPTURE(text);
        CHECK_THROWS_WITH_AS(Of({text}), "must be a port from 0 to 65535, unix:PATH or unix:@NAME",
                             util::UserError);
    }
    const std::string longest(107, 'x');
    CHECK(Of({("unix:" + longest).c_str()}).HasPath(longest));
    CHECK_THROWS_WITH_AS(Of({("unix:y" + longest).c_str()}),
                         "the path has 108 bytes, the kernel takes 107", util::UserError);
}

TEST_CASE("an address of which there is one for each slot, unlike port 0") {
    CHECK_FALSE(Of({}).HasFixed());
    CHECK_FALSE(Of({"0"}).HasFixed());
    CHECK(Of({"0", "9100"}).HasFixed());
    CHECK(Of({"unix:/x"}).HasFixed());
}
