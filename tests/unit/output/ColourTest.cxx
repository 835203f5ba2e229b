#include "output/Colour.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

using namespace output;

TEST_CASE("NO_COLOR with any value but the empty one, and a dumb terminal, are against it") {
    CHECK(AllowsColour(std::nullopt, std::nullopt));
    CHECK(AllowsColour("", "xterm"));
    CHECK_FALSE(AllowsColour("1", "xterm"));
    CHECK_FALSE(AllowsColour("0", std::nullopt));
    CHECK_FALSE(AllowsColour(std::nullopt, "dumb"));
}

TEST_CASE("a pipe is no terminal") {
    const unit::Pipe pipe;
    CHECK_FALSE(IsTerminal(pipe.writer));
}

TEST_CASE("the prefix has the worker's id, and the slot's colour") {
    CHECK(MakePrefix(12, 3, false) == "[12] ");
    CHECK(MakePrefix(12, 0, true) == "\x1b[36m[12]\x1b[0m ");
    CHECK(MakePrefix(1, 1, true) != MakePrefix(1, 0, true));
    CHECK(MakePrefix(1, 5, true) == MakePrefix(1, 0, true)); // they begin anew
}
