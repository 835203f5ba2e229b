#include "cli/Lists.hxx"
#include "cli/OptionTable.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace cli;

namespace {

std::vector<std::string> FirstWords(std::string_view text) {
    std::vector<std::string> words;
    for (const std::string_view line : util::Split(text, '\n'))
        if (!line.empty())
            words.emplace_back(util::Cut(line, ' ').first);
    return words;
}

} // namespace

TEST_CASE("every list has a name and help on each of its lines") {
    const auto kinds = FirstWords(RenderList("lists"));
    CHECK(kinds.size() >= 8);
    for (const std::string &kind : kinds) {
        CAPTURE(kind);
        const std::string list = RenderList(kind);
        CHECK(list.ends_with('\n'));
        const std::string_view lines = std::string_view(list).substr(0, list.size() - 1);
        for (const std::string_view line : util::Split(lines, '\n')) {
            CAPTURE(std::string(line));
            CHECK_FALSE(line.starts_with(' '));
            CHECK_FALSE(util::Trim(util::Cut(line, ' ').second).empty());
        }
    }
    for (const char *kind :
         {"options", "contracts", "listeners", "balance", "events", "signals", "statuses", "lists"})
        CHECK(std::find(kinds.begin(), kinds.end(), kind) != kinds.end());
}

TEST_CASE("names") {
    using Texts = std::vector<std::string>;
    CHECK(FirstWords(RenderList("balance")) == Texts{"rr", "random", "none"});
    CHECK(FirstWords(RenderList("adoption")) == Texts{"auto", "all", "listed", "off"});
    CHECK(FirstWords(RenderList("ready")) ==
          Texts{"auto", "listen", "notify", "exec", "listen:ADDRESS", "DURATION"});
    CHECK(FirstWords(RenderList("contracts")) == Texts{"systemd", "port", "einhorn",
                                                       "server-starter", "nginx", "php-fpm", "puma",
                                                       "gunicorn"});
    CHECK(FirstWords(RenderList("events")) ==
          Texts{"setup", "balance", "steering", "fork", "online", "listening", "ready", "up",
                "exit", "restart", "failed", "error", "output", "stop", "dropped"});
    CHECK(FirstWords(RenderList("outputs")) ==
          Texts{"inherit", "prefix", "events", "null", "FILE"});
    CHECK(FirstWords(RenderList("statuses")) == Texts{"0", "1", "N", "125", "126", "127", "128+N"});
    const auto signals = FirstWords(RenderList("signals"));
    for (const char *name : {"HUP", "INT", "TERM", "USR1", "WINCH"})
        CHECK(std::find(signals.begin(), signals.end(), name) != signals.end());
    const auto options = FirstWords(RenderList("options"));
    REQUIRE(options.size() == OptionTable().size());
    for (std::size_t i = 0; i < options.size(); i++)
        CHECK(options[i] == "--" + std::string(OptionTable()[i].name));
}

TEST_CASE("an unknown kind") {
    CHECK_THROWS_AS(RenderList("x"), util::UserError);
    CHECK_THROWS_AS(RenderList(""), util::UserError);
}

TEST_CASE("help fits 80 columns and names every option, group by group") {
    const std::string help = RenderHelp();
    CHECK(help.starts_with("Usage: clusterize"));
    for (const std::string_view line : util::Split(help, '\n')) {
        CAPTURE(std::string(line));
        CHECK(line.size() <= 80);
        CHECK_FALSE(line.ends_with(' '));
    }
    std::size_t at = 0;
    for (const OptionRow &row : OptionTable()) {
        CAPTURE(row.name);
        const auto found = help.find("--" + std::string(row.name), at);
        REQUIRE(found != std::string::npos);
        at = found;
    }
    std::size_t group = 0;
    for (const char *name :
         {"\nworkers:\n", "\nlisteners:\n", "\nlifecycle:\n", "\nreporting:\n"}) {
        const auto found = help.find(name, group);
        REQUIRE(found != std::string::npos);
        group = found;
    }
}

TEST_CASE("letters are told apart") {
    std::set<char> letters;
    for (const OptionRow &row : OptionTable())
        if (row.letter != 0)
            CHECK(letters.insert(row.letter).second);
    CHECK(letters == std::set<char>{'n', 'p', 'l', 'V', 'h'});
}
