#include "output/Lines.hxx"

#include <doctest/doctest.h>

#include <string>

using namespace output;

TEST_CASE("the first line, without its newline") {
    const auto line = FirstLine("one\ntwo\n");
    REQUIRE(line);
    CHECK(line->text == "one");
    CHECK(line->used == 4);
    const auto empty = FirstLine("\nx");
    REQUIRE(empty);
    CHECK(empty->text.empty());
    CHECK(empty->used == 1);
    const auto zero = FirstLine(std::string_view("a\0b\n", 4));
    REQUIRE(zero);
    CHECK(zero->text == std::string_view("a\0b", 3));
}

TEST_CASE("a line whose end has not come") {
    CHECK_FALSE(FirstLine(""));
    CHECK_FALSE(FirstLine("abc"));
    CHECK_FALSE(FirstLine("abc\r"));
    CHECK_FALSE(FirstLine(std::string(LONGEST_LINE, 'x')));
}

TEST_CASE("a line that is too long is cut; one of just that length is not") {
    const std::string longest(LONGEST_LINE, 'x');
    const std::string just = longest + "\n", longer = longest + "y\n";
    auto line = FirstLine(just);
    REQUIRE(line);
    CHECK(line->text.size() == LONGEST_LINE);
    CHECK(line->used == LONGEST_LINE + 1);
    line = FirstLine(longer);
    REQUIRE(line);
    CHECK(line->text == longest);
    CHECK(line->used == LONGEST_LINE);
}

TEST_CASE("lines are counted with the one that is not complete") {
    CHECK(CountLines("") == 0);
    CHECK(CountLines("a") == 1);
    CHECK(CountLines("a\n") == 1);
    CHECK(CountLines("a\nb") == 2);
    CHECK(CountLines("\n\n") == 2);
}
