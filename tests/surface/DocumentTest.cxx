/** The documents: what mandoc says, versions, links. */

#include "Manual.hxx"
#include "Surface.hxx"
#include "harness/Harness.hxx"

#include <unistd.h>

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

TEST_CASE("documents point to files that exist") {
    static const std::regex link("\\]\\(([^):#]+)\\)");
    static const std::regex file("`((?:src|tests|tools|bench|man|completions)/[A-Za-z0-9_./-]+)`");
    for (const char *name :
         {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "NEWS.md"}) {
        const std::string text = Document(name);
        Names paths = FindAll(text, link);
        paths.merge(FindAll(text, file));
        for (const std::string &path : paths) {
            INFO(name, ": ", path);
            CHECK(access((std::string(SOURCE_ROOT) + "/" + path).c_str(), F_OK) == 0);
        }
    }
}
