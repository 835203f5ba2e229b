#include "Tree.hxx"

#include <doctest/doctest.h>

#include <algorithm>

namespace {

/** A file that needs more is two files. */
constexpr std::ptrdiff_t MAX_LINES = 500;

/** A map that is longer is not looked at. */
constexpr std::ptrdiff_t MAX_MAP_LINES = 120;

} // namespace

TEST_CASE("no source file is longer than 500 lines") {
    const auto files = lint::AllSourceFiles();
    CHECK(files.size() > 40);
    for (const auto &path : files) {
        CAPTURE(path.string());
        const std::string content = lint::ReadFile(path);
        CHECK(std::count(content.begin(), content.end(), '\n') <= MAX_LINES);
    }
}

TEST_CASE("ARCHITECTURE.md is not longer than 120 lines") {
    const std::string content = lint::ReadFile(lint::SourceRoot() / "ARCHITECTURE.md");
    CHECK(std::count(content.begin(), content.end(), '\n') <= MAX_MAP_LINES);
}
