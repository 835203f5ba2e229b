#include "util/Text.hxx"

#include <doctest/doctest.h>

using namespace util;

using Parts = std::vector<std::string_view>;

TEST_CASE("every separator makes a part, an empty text has none") {
    CHECK(Split("a,b,,c", ',') == Parts{"a", "b", "", "c"});
    CHECK(Split("a", ',') == Parts{"a"});
    CHECK(Split("", ',') == Parts{});
    CHECK(Split(",", ',') == Parts{"", ""});
    CHECK(Split("a,", ',') == Parts{"a", ""});
    CHECK(Split(",a", ',') == Parts{"", "a"});
    CHECK(Split("a b,c", ' ') == Parts{"a", "b,c"});
}

TEST_CASE("the parts borrow from the text") {
    const std::string text = "one:two";
    const auto parts = Split(text, ':');
    REQUIRE(parts.size() == 2);
    CHECK(parts[0].data() == text.data());
    CHECK(parts[1].data() == text.data() + 4);
}

TEST_CASE("cut at the first separator") {
    using Pair = std::pair<std::string_view, std::string_view>;
    CHECK(Cut("a=b=c", '=') == Pair("a", "b=c"));
    CHECK(Cut("a", '=') == Pair("a", ""));
    CHECK(Cut("a=", '=') == Pair("a", ""));
    CHECK(Cut("=b", '=') == Pair("", "b"));
    CHECK(Cut("", '=') == Pair("", ""));
}

TEST_CASE("trim both ends only") {
    CHECK(Trim(" \t a b\r\n") == "a b");
    CHECK(Trim("a") == "a");
    CHECK(Trim(" \n\t\r ") == "");
    CHECK(Trim("") == "");
}

TEST_CASE("a quoted text stays on its line and harms no terminal") {
    CHECK(Quote("plain") == "'plain'");
    CHECK(Quote("") == "''");
    CHECK(Quote("a\nb\x1b[2J\x7f") == "'a?b?[2J?'");
    CHECK(Quote(std::string_view("a\0b", 3)) == "'a?b'");
    CHECK(Quote("Grüße") == "'Grüße'");
}
