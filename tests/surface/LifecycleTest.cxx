/** The life tables in ARCHITECTURE.md are those that the pool goes by. */

#include "LifecycleTable.hxx"
#include "harness/Harness.hxx"

#include <string>

TEST_CASE("a life table has a row for each state, with all ways out of it") {
    CHECK(RenderTable({{"idle", "due", "busy", "launch"},
                       {"busy", "look", "busy", ""},
                       {"busy", "ended", "idle", "clear"},
                       {"busy", "failed", "idle", "clear"},
                       {"busy", "listen", "busy", ""},
                       {"busy", "hurry", "busy", "kill"}}) ==
          "| state | trigger → next state: action |\n"
          "|---|---|\n"
          "| idle | due → busy: launch |\n"
          "| busy | look, listen → stays · ended, failed → idle: clear · hurry → stays: kill |\n");
}

TEST_CASE("ARCHITECTURE has the life tables as they are; tools/lifecycle puts them there") {
    const std::string text = harness::ReadFile(std::string(SOURCE_ROOT) + "/ARCHITECTURE.md");
    for (const DocumentTable &table : DocumentTables()) {
        const std::string name(table.name);
        CAPTURE(name);
        const std::string begin = "<!-- " + name + " -->\n", end = "<!-- /" + name + " -->";
        const auto from = text.find(begin), to = text.find(end);
        REQUIRE(from != std::string::npos);
        REQUIRE(to != std::string::npos);
        CHECK(text.substr(from + begin.size(), to - from - begin.size()) ==
              RenderTable(table.rows));
    }
}
