/** The table in ARCHITECTURE.md is the one that the pool goes by. */

#include "LifecycleTable.hxx"
#include "harness/Harness.hxx"

#include <string>

TEST_CASE("ARCHITECTURE has the lifecycle table as it is; tools/lifecycle puts it there") {
    const std::string begin = "<!-- lifecycle -->\n", end = "<!-- /lifecycle -->";
    const std::string text = harness::ReadFile(std::string(SOURCE_ROOT) + "/ARCHITECTURE.md");
    const auto from = text.find(begin), to = text.find(end);
    REQUIRE(from != std::string::npos);
    REQUIRE(to != std::string::npos);
    CHECK(text.substr(from + begin.size(), to - from - begin.size()) == RenderLifecycle());
}
