#include "adopt/Modes.hxx"
#include "util/Table.hxx"

#include <doctest/doctest.h>

using namespace adopt;

TEST_CASE("the first mode is the default, and each has a row") {
    CHECK(MODES.front().mode == Spec().mode);
    CHECK(util::JoinNames(MODES) == "auto, all, listed, off");
    CHECK(util::FindRow(MODES, "all")->mode == Mode::ALL);
    CHECK(util::FindRow(MODES, "listed")->mode == Mode::LISTED);
    CHECK(util::FindRow(MODES, "off")->mode == Mode::OFF);
}
