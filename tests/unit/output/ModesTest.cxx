#include "output/Modes.hxx"

#include <doctest/doctest.h>

using namespace output;

TEST_CASE("a word of the table, else a file") {
    CHECK(ParseOutput("inherit").mode == Mode::INHERIT);
    CHECK(ParseOutput("prefix").mode == Mode::PREFIX);
    CHECK(ParseOutput("events").mode == Mode::EVENTS);
    CHECK(ParseOutput("null").mode == Mode::NONE);
    CHECK(ParseOutput("./prefix").mode == Mode::FILE);
    CHECK(ParseOutput("log-{slot}").path == "log-{slot}");
    CHECK(ParseOutput("FILE").mode == Mode::FILE);
    CHECK(ParseOutput("FILE").path == "FILE");
}
