#include "report/Event.hxx"
#include "report/Level.hxx"

#include <doctest/doctest.h>

#include <string>

using namespace report;

TEST_CASE("the table of events has the variant's names, in its order") {
    std::string names;
    for (const EventRow &row : EVENTS) {
        CHECK_FALSE(row.help.empty());
        names.append(row.name).append(" ");
    }
    CHECK(names ==
          "setup balance steering fork online listening ready up exit restart failed error output "
          "stop dropped ");
}

TEST_CASE("each level includes those above it") {
    std::string names;
    for (std::size_t i = 0; i < LEVELS.size(); i++) {
        CHECK(static_cast<std::size_t>(LEVELS[i].level) == i);
        names.append(LEVELS[i].name).append(" ");
    }
    CHECK(names == "error warn info debug ");
}
