/** The documents: what mandoc says, versions, links. */

#include "Manual.hxx"
#include "Surface.hxx"
#include "harness/Harness.hxx"

#include <filesystem>
#include <unistd.h>
#include <vector>

using namespace harness;

TEST_CASE("mandoc has nothing to say about the manual page") {
    if (access("/usr/bin/mandoc", X_OK) != 0)
        HARNESS_SKIP("mandoc is not installed");
    // What it says about the page goes to standard output; whether other pages are installed, to
    // standard error.
    Start start;
    start.argv = {"mandoc", "-T", "lint", Manual().Path()};
    const Result result = Run(std::move(start));
    CHECK(result.out == "");
    CHECK(result.ended == Exited(0));
}

TEST_CASE("version and NEWS agree") {
    const Result result = RunClusterize({"--version"});
    CHECK(result.ended == Exited(0));
    CHECK(result.err == "");
    CHECK(RunClusterize({"-V"}).out == result.out);
    static const std::regex version("^clusterize ([0-9]+\\.[0-9]+\\.[0-9]+)\n$");
    std::smatch match;
    REQUIRE(std::regex_match(result.out, match, version));

    static const std::regex section("\n## ([^\n]*)");
    std::smatch newest;
    const std::string news = Document("NEWS.md");
    REQUIRE(std::regex_search(news, newest, section));
    CHECK(newest[1].str().rfind(match[1].str() + " ", 0) == 0);
}

namespace {

/** The paths of all documents from the top of the tree. */
std::vector<std::filesystem::path> AllDocuments() {
    const std::filesystem::path root = SOURCE_ROOT;
    std::vector<std::filesystem::path> found;
    for (const auto &entry : std::filesystem::directory_iterator(root))
        if (entry.path().extension() == ".md")
            found.push_back(entry.path());
    for (const char *folder : {"bench", "doc"})
        for (const auto &entry : std::filesystem::recursive_directory_iterator(root / folder))
            if (entry.path().extension() == ".md")
                found.push_back(entry.path());
    return found;
}

/** Links from `folder`, and paths from the top of the tree in backquotes, that lead to nothing. */
Names FindDeadLinks(const std::string &text, const std::filesystem::path &folder) {
    static const std::regex link("\\]\\(([^):#]+)(#[^)]*)?\\)");
    static const std::regex file(
        "`((?:src|tests|tools|bench|man|completions|doc)/[A-Za-z0-9_./-]+)`");
    Names dead;
    for (const std::string &path : FindAll(text, link))
        if (!std::filesystem::exists(folder / path))
            dead.insert(path);
    for (const std::string &path : FindAll(text, file))
        if (!std::filesystem::exists(std::filesystem::path(SOURCE_ROOT) / path))
            dead.insert(path);
    return dead;
}

} // namespace

TEST_CASE("links that lead to nothing are found") {
    const std::string text =
        "[one](README.md), [two](no/such.md), [three](https://example.org/x), "
        "[four](doc/no.md#part), `src/main/Main.cxx`, `src/no/Such.cxx`, `src`";
    CHECK(FindDeadLinks(text, SOURCE_ROOT) == Names{"no/such.md", "doc/no.md", "src/no/Such.cxx"});
    CHECK(FindDeadLinks("[one](../../README.md)",
                        std::filesystem::path(SOURCE_ROOT) / "src/main") == Names{});
}

TEST_CASE("documents point to files that exist") {
    const auto documents = AllDocuments();
    CHECK(documents.size() > 8);
    for (const auto &path : documents)
        for (const std::string &dead : FindDeadLinks(ReadFile(path.string()), path.parent_path()))
            FAIL_CHECK(path.lexically_relative(SOURCE_ROOT).string(), ": ", dead);
}
