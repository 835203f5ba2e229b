#include "Tree.hxx"

#include <doctest/doctest.h>

#include <algorithm>

namespace {

/** A file that needs more is two files. */
constexpr std::ptrdiff_t MAX_LINES = 500;

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
