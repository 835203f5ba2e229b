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

TEST_CASE("a printable text shows what a terminal would obey") {
    CHECK(Printable("plain ~ Grüße, 日本語, 🚀") == "plain ~ Grüße, 日本語, 🚀");
    CHECK(Printable("") == "");
    CHECK(Printable("a\nb\x1b[2J\x7f\t") == "a\\x0ab\\x1b[2J\\x7f\\x09");
    CHECK(Printable(std::string_view("a\0b", 3)) == "a\\x00b");
    CHECK(Printable("\xc2\x9b"
                    "2J\xc2\xa0") == "\\xc2\\x9b2J\xc2\xa0");
}

TEST_CASE("a printable text is UTF-8") {
    CHECK(Printable("\x9b") == "\\x9b");
    CHECK(Printable("a\xc3") == "a\\xc3");
    CHECK(Printable("\xc3(") == "\\xc3(");
    CHECK(Printable("\xe2\x82") == "\\xe2\\x82");
    CHECK(Printable("\xc0\x8a") == "\\xc0\\x8a");
    CHECK(Printable("\xe0\x80\x8a") == "\\xe0\\x80\\x8a");
    CHECK(Printable("\xf0\x80\x80\x8a") == "\\xf0\\x80\\x80\\x8a");
    CHECK(Printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");
    CHECK(Printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
    CHECK(Printable("\xff\xfe") == "\\xff\\xfe");
}
