#include "Lines.hxx"
#include "Tree.hxx"

#include <doctest/doctest.h>

#include <array>
#include <set>

using namespace lint;

namespace {

constexpr std::size_t MOST_COLUMNS = 100;

/** Words that are gone from code and documents. NEWS.md may name them. */
constexpr std::array<OldWord, 6> OLD_WORDS = {{
    {"slot socket", "seat"},
    {"SlotSocket", "net::Seat"},
    {"EpollAgent", "health::EpollProbe"},
    {"AliveAgent", "health::AliveProbe"},
    {"AdopteeBind", "adopt::BindHandler"},
    {"AdopteeListen", "adopt::ListenHandler"},
}};

Language LanguageOf(const std::filesystem::path &path) {
    return path.extension() == ".md" ? Language::MARKDOWN : Language::CXX;
}

/** Paths from the top of the tree, one a line; a line that begins with # is a comment. */
std::set<std::string> ReadList(const char *name) {
    std::set<std::string> list;
    for (const std::string &line : SplitLines(ReadFile(SourceRoot() / "tests/lint" / name)))
        if (!line.empty() && line[0] != '#')
            list.insert(line);
    return list;
}

} // namespace

TEST_CASE("wide lines of documents are found") {
    const std::string text = "short\n"
                             "0123456789 0\n"
                             "äöüäöüäöü ä\n"
                             "| a row of a table |\n"
                             "https://example.org/long\n"
                             "0123456789 1";
    CHECK(FindWideLines(text, 11, Language::MARKDOWN) == std::vector<unsigned>{2, 6});
}

TEST_CASE("wide comments are found") {
    const std::string text = "int a_number;\n"
                             "// a comment\n"
                             "    /** wide */\n"
                             "     *  wide\n"
                             "int a; // wide\n"
                             "int short; //\n"
                             "\"http://address\"\n";
    CHECK(FindWideLines(text, 11, Language::CXX) == std::vector<unsigned>{2, 3, 4, 5, 6});
    CHECK(FindWideLines(text, 13, Language::CXX) == std::vector<unsigned>{3, 5});
}

TEST_CASE("old words are found") {
    constexpr std::array<OldWord, 2> WORDS = {{{"slot socket", "seat"}, {"Adoptee", "Caller"}}};
    const std::string text = "/** A slot socket, or a slot\n"
                             " *  socket. */\n"
                             "class Adoptee; // no AdopteeBind, slot_socket, slot sockets\n";
    CHECK(FindOldWords(text, WORDS) == std::vector<std::string>{"1: slot socket, now seat",
                                                                "1: slot socket, now seat",
                                                                "3: Adoptee, now Caller"});
    CHECK(FindOldWords("a seat of a listener", WORDS).empty());
}

TEST_CASE("no comment and no document has more than 100 columns; tools/reflow breaks them") {
    const std::set<std::string> known = ReadList("wide-files");
    std::set<std::string> seen;
    for (const auto &path : AllTexts()) {
        const std::string name = path.lexically_relative(SourceRoot()).generic_string();
        const auto wide = FindWideLines(ReadFile(path), MOST_COLUMNS, LanguageOf(path));
        if (wide.empty())
            continue;
        seen.insert(name);
        CHECK_MESSAGE(known.contains(name), name, ":", wide.front(), " is too wide");
    }
    for (const std::string &name : known)
        CHECK_MESSAGE(seen.contains(name), name,
                      " has no wide line: to be removed from tests/lint/wide-files");
}

TEST_CASE("old words are gone") {
    for (const auto &path : AllTexts()) {
        const std::string name = path.lexically_relative(SourceRoot()).generic_string();
        if (name == "NEWS.md" || name.starts_with("tests/lint/"))
            continue;
        for (const std::string &line : FindOldWords(ReadFile(path), OLD_WORDS))
            FAIL_CHECK(name, ":", line);
    }
}
