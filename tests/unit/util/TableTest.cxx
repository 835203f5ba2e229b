#include "util/Table.hxx"

#include <doctest/doctest.h>

#include <array>

using namespace util;

namespace {

struct Row {
    std::string_view name, help;
};

constexpr std::array<Row, 3> COLOURS = {{{"red", "r"}, {"green", "g"}, {"blue", "b"}}};
constexpr std::array<Row, 3> TWICE = {{{"red", "1"}, {"green", "2"}, {"red", "3"}}};

} // namespace

TEST_CASE("a row is found by its whole name") {
    REQUIRE(FindRow(COLOURS, "green") != nullptr);
    CHECK(FindRow(COLOURS, "green") == &COLOURS[1]);
    CHECK(FindRow(COLOURS, "gre") == nullptr);
    CHECK(FindRow(COLOURS, "greenish") == nullptr);
    CHECK(FindRow(COLOURS, "Green") == nullptr);
    CHECK(FindRow(COLOURS, "") == nullptr);
}

TEST_CASE("a name that is there twice is noticed, wherever it stands") {
    static_assert(NamesAreUnique(COLOURS));
    static_assert(!NamesAreUnique(TWICE));
    CHECK(NamesAreUnique(COLOURS));
    CHECK_FALSE(NamesAreUnique(TWICE));
}

TEST_CASE("names for a message") {
    CHECK(JoinNames(COLOURS) == "red, green, blue");
    CHECK(JoinNames(std::array<Row, 0>()).empty());
}
