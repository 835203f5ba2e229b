#include "cli/CommandLine.hxx"
#include "util/UserError.hxx"

#include <doctest/doctest.h>

using namespace cli;
using Words = std::vector<const char *>;
using Texts = std::vector<std::string>;

namespace {

CommandLine Parse(Words words) {
    words.insert(words.begin(), "clusterize");
    return ParseCommandLine(static_cast<int>(words.size()), words.data());
}

/** "workers=4 port=80": the uses in their order; a flag without a value. */
std::string Uses(Words words) {
    std::string text;
    for (const Use &use : Parse(std::move(words)).uses) {
        text.append(text.empty() ? "" : " ").append(use.row->name);
        if (!use.row->IsFlag())
            text.append("=").append(use.value);
    }
    return text;
}

std::string Message(Words words) {
    try {
        (void)Parse(std::move(words));
    } catch (const util::UserError &error) {
        return error.what();
    }
    return "taken";
}

} // namespace

TEST_CASE("nothing at all, and a command alone") {
    CHECK(Parse({}).uses.empty());
    CHECK(Parse({}).command.empty());
    CHECK(Parse({"server", "x"}).command == Texts{"server", "x"});
    CHECK(Parse({"--"}).command.empty());
}

TEST_CASE("every form of an option with a value") {
    for (const Words &words : {Words{"-n4", "x"}, Words{"-n", "4", "x"}, Words{"--workers=4", "x"},
                               Words{"--workers", "4", "x"}}) {
        CHECK(Uses(words) == "workers=4");
        CHECK(Parse(words).command == Texts{"x"});
    }
}

TEST_CASE("values that begin with '-'") {
    CHECK(Uses({"-n", "-1", "x"}) == "workers=-1");
    CHECK(Uses({"-n-1", "x"}) == "workers=-1");
    CHECK(Uses({"--workers=-1", "x"}) == "workers=-1");
    CHECK(Uses({"--workers", "-1", "x"}) == "workers=-1");
    CHECK(Uses({"--events", "-", "x"}) == "events=-");
    CHECK(Uses({"--env", "--x=y", "x"}) == "env=--x=y");
    CHECK(Parse({"--events", "-", "x"}).command == Texts{"x"});
}

TEST_CASE("values with odd characters arrive as they are") {
    for (const char *value : {"A=B", "A=", "A=b c", "A=[x]", "[x]", "A={slot}", "A=1,2", "A='q'",
                              "A=\"q\"", "[::1]:80", "a\nb", "%", "[1,2]", "{}", "true"}) {
        CAPTURE(std::string(value));
        CHECK(Uses({"--env", value, "x"}) == std::string("env=") + value);
        const std::string attached = std::string("--env=") + value;
        CHECK(Uses({attached.c_str(), "x"}) == std::string("env=") + value);
        const std::string letter = std::string("-l") + value;
        CHECK(Uses({letter.c_str(), "x"}) == std::string("listen=") + value);
    }
}

TEST_CASE("flags") {
    CHECK(Uses({"--jobs", "x"}) == "jobs");
    CHECK(Uses({"--expand", "--jobs", "x"}) == "expand jobs");
    CHECK(Uses({"-h"}) == "help");
    CHECK(Uses({"-V"}) == "version");
    CHECK(Message({"--jobs=1", "x"}) == "--jobs takes no value: '--jobs=1'");
    CHECK(Message({"--jobs=", "x"}) == "--jobs takes no value: '--jobs='");
}

TEST_CASE("the order is that of the command line, also of different options") {
    CHECK(Uses({"-p", "80", "-l", "x=81", "-p82", "--listen=83", "-n", "1", "--port", "84", "x"}) ==
          "port=80 listen=x=81 port=82 listen=83 workers=1 port=84");
    CHECK(Uses({"-l", "1", "-p", "2", "-l", "3", "x"}) == "listen=1 port=2 listen=3");
    CHECK(Uses({"-n", "1", "--jobs", "-n", "2", "x"}) == "workers=1 jobs workers=2");
}

TEST_CASE("options end at the first word that is none; what follows is the command's") {
    const CommandLine line = Parse({"-n", "2", "server", "-n", "3", "--port", "--", "-x"});
    CHECK(line.uses.size() == 1);
    CHECK(line.command == Texts{"server", "-n", "3", "--port", "--", "-x"});
}

TEST_CASE("after -- everything is the command, whatever it begins with") {
    CHECK(Parse({"--", "-n", "4"}).command == Texts{"-n", "4"});
    CHECK(Parse({"-n", "2", "--", "--help"}).command == Texts{"--help"});
    CHECK(Parse({"-n", "2", "--", "--", "x"}).command == Texts{"--", "x"});
    CHECK(Parse({"--", ""}).command == Texts{""});
}

TEST_CASE("a '-' alone is no option that there is; an empty word is none at all") {
    CHECK(
        Message({"-"}) ==
        "unknown option '-': a command that begins with '-' goes after --; see clusterize --help");
    CHECK(Message({"-n", "1", "-", "x"}).starts_with("unknown option '-'"));
    CHECK(Parse({"--", "-"}).command == Texts{"-"});
    CHECK(Parse({"-n", "1", "", "x"}).command == Texts{"", "x"});
}

TEST_CASE("unknown options are never taken for a command") {
    CHECK(Message({"--nonsense", "x"}) == "unknown option '--nonsense': a command that begins with "
                                          "'-' goes after --; see clusterize --help");
    CHECK(
        Message({"-x"}) ==
        "unknown option '-x': a command that begins with '-' goes after --; see clusterize --help");
    CHECK(Message({"-n", "4", "--nonsense"}).starts_with("unknown option '--nonsense'"));
    CHECK(Message({"--work", "4", "x"}) ==
          "unknown option '--work': did you mean --workers? a command that begins with "
          "'-' goes after --; see clusterize --help");
    CHECK(Message({"-port", "80", "x"}) != "unknown");
    CHECK(Message({"--stop", "x"})
              .starts_with("unknown option '--stop': did you mean --stop-signal?"));
    CHECK(Message({"--Workers", "4"}).starts_with("unknown option '--Workers'"));
    CHECK(Message({"---"}).starts_with("unknown option '---'"));
    CHECK(Message({"--=x"}).starts_with("unknown option '--=x'"));
}

TEST_CASE("options of later times are unknown") {
    for (const char *word : {"--settle", "--control", "--on"}) {
        CAPTURE(std::string(word));
        CHECK(Message({word, "x", "y"}).starts_with("unknown option '" + std::string(word) + "'"));
    }
}

TEST_CASE("a value that is missing") {
    CHECK(Message({"-n"}) == "-n needs a value: N|auto|-K|P%");
    CHECK(Message({"--workers"}) == "--workers needs a value: N|auto|-K|P%");
    CHECK(Message({"--workers=", "x"}) == "--workers= needs a value: N|auto|-K|P%");
    CHECK(Message({"--stdin=", "--jobs", "x"}) == "--stdin= needs a value: inherit|null");
    CHECK(Message({"-n", "2", "-p"}) == "-p needs a value: [HOST:]PORT[/udp]");
}

TEST_CASE("an empty word as a value is a value") {
    CHECK(Uses({"--chdir", "", "x"}) == "chdir=");
}
