#include "plan/Watchdog.hxx"

#include <doctest/doctest.h>

using namespace plan;
using namespace std::chrono_literals;

namespace {

using Text = std::optional<std::string>;

struct Found {
    std::optional<Watchdog> watchdog;
    std::vector<std::string> warnings;
};

Found Find(const Text &time, const Text &pid, const Text &socket = "@x") {
    Found found;
    found.watchdog = FindWatchdog({time, pid}, socket, 42, found.warnings);
    return found;
}

} // namespace

TEST_CASE("a watchdog is ours if it names our process, or none") {
    REQUIRE(Find("2000000", "42").watchdog);
    CHECK(Find("2000000", "42").watchdog->patience == 2s);
    CHECK(Find("2000000", std::nullopt).watchdog->patience == 2s);
    CHECK(Find("1", "42").watchdog->patience == 1us);
    for (const char *pid : {"43", "1", "", " 42", "042"})
        CHECK_FALSE(Find("2000000", pid).watchdog);
    CHECK_FALSE(Find(std::nullopt, "42").watchdog);
    CHECK_FALSE(Find("", "42").watchdog);
    CHECK_FALSE(Find("2000000", "42", std::nullopt).watchdog);
    CHECK_FALSE(Find("2000000", "42", "vsock:2:1").watchdog);
}

TEST_CASE("a time that is none is said, where it is meant for us") {
    for (const char *time : {"0", "-1", "1s", " 1", "99999999999999999999"}) {
        const Found found = Find(time, "42");
        CHECK_FALSE(found.watchdog);
        REQUIRE(found.warnings.size() == 1);
        CHECK(found.warnings[0] ==
              "WATCHDOG_USEC=" + std::string(time) + ": not a number of microseconds, ignored");
        CHECK(Find(time, "43").warnings.empty());
    }
}
