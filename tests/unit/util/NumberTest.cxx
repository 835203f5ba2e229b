#include "util/Number.hxx"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using namespace util;
using namespace std::chrono_literals;

TEST_CASE("a number is digits only, up to its limit") {
    CHECK(ParseUnsigned("0", 10) == 0U);
    CHECK(ParseUnsigned("10", 10) == 10U);
    CHECK(ParseUnsigned("007", 10) == 7U);
    CHECK(ParseUnsigned("18446744073709551615", UINT64_MAX) == UINT64_MAX);

    CHECK_FALSE(ParseUnsigned("11", 10));
    CHECK_FALSE(ParseUnsigned("18446744073709551616", UINT64_MAX));
    CHECK_FALSE(ParseUnsigned("100000000000000000000000000000000000", UINT64_MAX));
    for (const char *text :
         {"", " ", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "x", "1x", "1\n"}) {
        CAPTURE(text);
        CHECK_FALSE(ParseUnsigned(text, UINT64_MAX));
    }
}

TEST_CASE("a number ends where its view ends, not at a NUL") {
    const std::string text = "123456";
    CHECK(ParseUnsigned(std::string_view(text).substr(0, 3), 1000) == 123U);
    CHECK_FALSE(ParseUnsigned(std::string_view("1\0", 2), 1000));
}

TEST_CASE("a mode is octal") {
    CHECK(ParseMode("0660") == 0660U);
    CHECK(ParseMode("660") == 0660U);
    CHECK(ParseMode("0") == 0U);
    CHECK(ParseMode("777") == 0777U);
    CHECK_FALSE(ParseMode("1777")); // the umask, which makes the mode, has no such bits
    for (const char *text : {"", "10000", "0o660", "68", "-660", "0x1ff", "rw-rw----", "660 "}) {
        CAPTURE(text);
        CHECK_FALSE(ParseMode(text));
    }
}

TEST_CASE("durations with each unit, and bare seconds") {
    CHECK(ParseDuration("500ms") == 500ms);
    CHECK(ParseDuration("8s") == 8s);
    CHECK(ParseDuration("2m") == 2min);
    CHECK(ParseDuration("1h") == 1h);
    CHECK(ParseDuration("3") == 3s);
    CHECK(ParseDuration("0") == 0ms);
    CHECK(ParseDuration("0ms") == 0ms);
}

TEST_CASE("durations that are none") {
    for (const char *text : {"", "s", "ms", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1d", "1sec",
                             "1hh", "1m30s", "0x1s", "5S", "5MS", "forever"}) {
        CAPTURE(text);
        CHECK_FALSE(ParseDuration(text));
    }
}

TEST_CASE("a duration is at most a hundred days, in every unit") {
    CHECK(ParseDuration("2400h") == 2400h);
    CHECK(ParseDuration("144000m") == 2400h);
    CHECK(ParseDuration("8640000s") == 2400h);
    CHECK(ParseDuration("8640000") == 2400h);
    CHECK(ParseDuration("8640000000ms") == 2400h);
    for (const char *text :
         {"2401h", "144001m", "8640001s", "8640001", "8640000001ms", "18446744073709551615h",
          "5124095576030431h", "99999999999999999999s"}) {
        CAPTURE(text);
        CHECK_FALSE(ParseDuration(text));
    }
}
