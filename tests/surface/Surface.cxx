#include "Surface.hxx"
#include "harness/Harness.hxx"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <stdexcept>

using namespace harness;

namespace {

/** For messages of failed comparisons: what only one side has. */
std::string Difference(const Names &a, const Names &b) {
    std::string text;
    for (const std::string &name : a)
        if (!b.contains(name))
            text += " +" + name;
    for (const std::string &name : b)
        if (!a.contains(name))
            text += " -" + name;
    return text;
}

/** In the order of the table. */
std::vector<std::string> Rows(const std::string &kind) {
    const Result result = RunClusterize({"--list", kind});
    INFO("--list ", kind, ": ", result.err);
    REQUIRE(result.ended == Exited(0));
    CHECK(result.err == "");
    std::vector<std::string> names;
    for (const std::string &line : Lines(result.out)) {
        const size_t end = line.find_first_of(" \t");
        CHECK(end != 0);
        // Each row says something.
        CHECK(line.find_first_not_of(" \t", end) != std::string::npos);
        names.push_back(line.substr(0, end));
    }
    CHECK(!names.empty());
    return names;
}

Names With(Names names, const std::initializer_list<const char *> more) {
    names.insert(more.begin(), more.end());
    return names;
}

} // namespace

std::vector<std::string> Lines(const std::string &text) {
    std::istringstream is(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(is, line);)
        lines.push_back(line);
    return lines;
}

std::string Document(const std::string &path) {
    const std::string text = ReadFile(std::string(SOURCE_ROOT) + "/" + path);
    if (text.empty())
        throw std::runtime_error("there is no " + path);
    return text;
}

void CheckSame(const std::string &what, const Names &here, const Names &there) {
    CHECK(!here.empty());
    const std::string difference = Difference(here, there);
    INFO(what, ":", difference);
    CHECK(difference == "");
}

Names RowSet(const std::string &kind) {
    const auto rows = Rows(kind);
    Names names(rows.begin(), rows.end());
    CHECK(names.size() == rows.size());
    return names;
}

std::string Help() {
    const Result result = RunClusterize({"--help"});
    REQUIRE(result.ended == Exited(0));
    return result.out;
}

Names NamesOfHelpLine(const std::string &line) {
    static const std::regex head("^ +(-[^ ,]+( *, *-[^ ,]+)*)");
    static const std::regex name("(--[a-z][a-z-]*|-[A-Za-z])");
    Names names;
    std::smatch match;
    if (std::regex_search(line, match, head)) {
        const std::string text = match[1];
        for (std::sregex_iterator i(text.begin(), text.end(), name), end; i != end; ++i)
            names.insert(i->str());
    }
    return names;
}

Names HelpNames() {
    Names names;
    for (const std::string &line : Lines(Help()))
        names.merge(NamesOfHelpLine(line));
    return names;
}

Names LongNames(const Names &names) {
    Names chosen;
    std::copy_if(names.begin(), names.end(), std::inserter(chosen, chosen.end()),
                 [](const std::string &name) { return name.rfind("--", 0) == 0; });
    return chosen;
}

Names Options() {
    return RowSet("options");
}

Names FindAll(const std::string &text, const std::regex &pattern) {
    Names found;
    for (std::sregex_iterator i(text.begin(), text.end(), pattern), end; i != end; ++i)
        found.insert(i->str(i->size() > 1 ? 1 : 0));
    return found;
}

std::map<std::string, Names> ValuesOfOptions() {
    return {{"--adopt", RowSet("adoption")},
            {"--balance", RowSet("balance")},
            {"--contract", With(RowSet("contracts"), {"auto", "none"})},
            {"--list", RowSet("lists")},
            {"--log-level", RowSet("levels")},
            {"--restart", RowSet("restarts")},
            {"--stdin", {"inherit", "null"}},
            {"--stop-signal", With(RowSet("signals"), {"auto"})}};
}
