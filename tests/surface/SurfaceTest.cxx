/**
 * Everything that names an option or a row of a table has to name the same ones: the binary's
 * lists, its help and the manual page. ShellTest.cxx has the completions, DocumentTest.cxx the
 * rest.
 */

#include "Surface.hxx"
#include "Manual.hxx"
#include "harness/Harness.hxx"

#include <cctype>

using namespace harness;

namespace {

std::string VariableOf(const std::string &option) {
    std::string name = "CLUSTERIZE_";
    for (const char c : option.substr(2))
        name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

/** All but those that print something and end. */
Names OptionsOfEnvironment() {
    Names options = Options();
    for (const char *option : {"--list", "--version", "--help"})
        CHECK(options.erase(option) == 1);
    return options;
}

} // namespace

// --- options ---------------------------------------------------------------------------------

TEST_CASE("the help and the manual page have the options of the list") {
    const Manual manual;
    const Names in_help = HelpNames(), in_manual = manual.Names("OPTIONS", "Fl");
    CheckSame("help against list", LongNames(in_help), Options());
    CheckSame("help against manual page, with the short names", in_help, in_manual);
}

TEST_CASE("help and manual page have the options in the same groups and order") {
    const Manual manual;
    std::vector<std::string> in_help, in_manual;
    for (const std::string &line : Lines(Help())) {
        static const std::regex title("^([a-z]+):$");
        std::smatch match;
        const Names names = LongNames(NamesOfHelpLine(line));
        if (std::regex_match(line, match, title)) {
            std::string group = match[1];
            group[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(group[0])));
            in_help.push_back(group);
        } else if (!names.empty())
            in_help.push_back(*names.begin());
    }
    for (const char *group : {"Workers", "Listeners", "Lifecycle", "Reporting"}) {
        in_manual.push_back(group);
        static const std::regex name("Fl -([a-z-]+)");
        for (const std::string &head : manual.Heads(group))
            in_manual.push_back("--" + *FindAll(head, name).begin());
    }
    CHECK(in_help == in_manual);
}

TEST_CASE("help goes to standard output alone and fits a terminal") {
    const Result result = RunClusterize({"--help"});
    CHECK(result.ended == Exited(0));
    CHECK(result.err == "");
    REQUIRE(!result.out.empty());
    CHECK(result.out.back() == '\n');
    for (const std::string &line : Lines(result.out)) {
        INFO(line);
        CHECK(line.size() <= 80);
        CHECK((line.empty() || line.back() != ' '));
    }
    const Result by_letter = RunClusterize({"-h"});
    CHECK(by_letter.ended == Exited(0));
    CHECK(by_letter.err == "");
    CHECK(by_letter.out == result.out);
}

TEST_CASE("an option that does not exist is named on standard error") {
    for (const char *option : {"--nonsense", "-Z", "--balanced", "--nonsense=1"}) {
        INFO(option);
        const Result result = RunClusterize({option, "--", "true"});
        CHECK(result.ended == Exited(125));
        CHECK(result.out == "");
        CHECK(result.err.rfind("clusterize: ", 0) == 0);
        CHECK(result.err.find(option) != std::string::npos);
    }
}

TEST_CASE("every option of the README exists") {
    const Names options = HelpNames();
    // Behind the word clusterize, up to the command.
    const std::string readme = Document("README.md");
    static const std::regex command("(?:clusterize|tools/run)(( +(?!-- )[^ \n`]+)+)");
    static const std::regex option("(?:^| )(--[a-z][a-z-]*|-[A-Za-z])(?=[ =\n]|$)");
    // And in a span of its own.
    static const std::regex span("`(--[a-z][a-z-]*|-[A-Za-z])[^`]*`");
    Names mentioned = FindAll(readme, span);
    for (const std::string &words : FindAll(readme, command))
        mentioned.merge(FindAll(words, option));
    CHECK(mentioned.size() > 5);
    for (const std::string &name : mentioned) {
        INFO(name);
        CHECK(options.contains(name));
    }
}

TEST_CASE("the manual page names the variable of each option and no other") {
    const Manual manual;
    static const std::regex variable("CLUSTERIZE_[A-Z_]*[A-Z]");
    Names of_options;
    for (const std::string &option : OptionsOfEnvironment())
        of_options.insert(VariableOf(option));
    CheckSame("variables of options", FindAll(manual.Section("ENVIRONMENT"), variable), of_options);

    Names of_workers;
    for (const std::string &name : manual.Names("WHAT A WORKER FINDS", "Ev"))
        of_workers.insert(name);
    Names everywhere = of_options;
    everywhere.merge(of_workers);
    CheckSame("variables anywhere", FindAll(manual.Text(), variable), everywhere);
}

TEST_CASE("a worker finds the variables that the manual page promises and no other") {
    const Result result = RunClusterize({"--", "env"});
    REQUIRE(result.ended == Exited(0));
    static const std::regex variable("(?:^|\n)(CLUSTERIZE_[A-Z_]+)=");
    CheckSame("variables of a worker", FindAll(result.out, variable),
              Manual().Names("WHAT A WORKER FINDS", "Ev"));
}

TEST_CASE("the variable of each option is read and named when its value is wrong") {
    const std::map<std::string, std::string> wrong = {{"--chdir", "/nonexistent/directory"},
                                                      {"--env", "no-equals-sign"},
                                                      {"--events", "/nonexistent/directory/file"},
                                                      {"--then", " "}};
    for (const std::string &option : OptionsOfEnvironment()) {
        const auto found = wrong.find(option);
        const std::string value = found != wrong.end() ? found->second : "no/such:value";
        INFO(VariableOf(option), "=", value);
        Start start;
        start.env = {{VariableOf(option), value}};
        const Result result = RunClusterize({"--", "true"}, std::move(start));
        INFO(result.err);
        CHECK(result.ended == Exited(125));
        // A directory is looked up at each start of a worker; by then its origin is of no interest.
        if (option != "--chdir")
            CHECK(result.err.find(VariableOf(option)) != std::string::npos);
    }
}

// --- tables ----------------------------------------------------------------------------------

TEST_CASE("each list has its place in the manual page") {
    const Manual manual;
    CheckSame("contracts", manual.Names("CONTRACTS", "Cm"), RowSet("contracts"));
    CheckSame("adoption", manual.Names("ADOPTION", "Cm"), RowSet("adoption"));
    CheckSame("balance", manual.Names("BALANCE", "Cm"), RowSet("balance"));
    Names ready = manual.Names("READY", "Cm");
    ready.merge(manual.Names("READY", "Ar"));
    CheckSame("ready", ready, RowSet("ready"));
    CheckSame("restarts", manual.Names("RESTARTS", "Cm"), RowSet("restarts"));
    CheckSame("events", manual.Names("EVENTS", "Cm"), RowSet("events"));
    Names outputs = manual.Names("OUTPUT", "Cm");
    outputs.insert("FILE");
    CheckSame("outputs", outputs, RowSet("outputs"));
    CheckSame("levels", manual.Names("LOG", "Cm"), RowSet("levels"));
    CheckSame("statuses", manual.Names("EXIT STATUS", "Li"), RowSet("statuses"));

    static const std::regex value("\\.Cm ([a-z]+)");
    CheckSame("lists", FindAll(manual.Entry("--list"), value), RowSet("lists"));

    Names kinds;
    for (const std::string &head : manual.Heads("LISTENERS")) {
        static const std::regex word("^Cm ([a-z]+)");
        const Names named = FindAll(head, word);
        kinds.insert(named.empty() ? "tcp" : *named.begin());
    }
    CheckSame("listeners", kinds, RowSet("listeners"));

    Names templates;
    for (std::string head : manual.Heads("TEMPLATES")) {
        static const std::regex macro("(Brq|Cm|Ar|Ns) | ");
        head = std::regex_replace(head, macro, "");
        if (head.find('+') == std::string::npos)
            templates.insert(head);
    }
    CheckSame("templates", templates, RowSet("templates"));

    // The list has all that there are, the section those that do something.
    const Names signals = RowSet("signals");
    for (const std::string &name : manual.Names("SIGNALS", "Dv")) {
        INFO(name);
        CHECK(signals.contains(name));
    }
}

TEST_CASE("a list that does not exist is refused with the names of those that do") {
    const Result result = RunClusterize({"--list", "nonsense"});
    CHECK(result.ended == Exited(125));
    CHECK(result.out == "");
    CHECK(result.err.find("nonsense") != std::string::npos);
    for (const std::string &name : RowSet("lists")) {
        INFO(name);
        CHECK(result.err.find(name) != std::string::npos);
    }
}

TEST_CASE("the program takes every value that is completed") {
    const Manual manual;
    const auto all = ValuesOfOptions();
    for (const auto &[name, values] : all) {
        const std::string &option = name; // clang 14 does not capture a binding
        if (option == "--list")
            continue; // each has been printed
        const Result wrong = RunClusterize({option, "nonsense", "--", "true"});
        CHECK(wrong.ended == Exited(125));
        for (const std::string &value : values) {
            INFO(option, " ", value);
            const Result result = RunClusterize({option, value, "--", "true"});
            INFO(result.err);
            // What is always replaced must not end before it served, nor again and again.
            const bool serves = value == "always" || option == "--ready";
            CHECK(result.ended == Exited(serves ? 1 : 0));
        }
    }
    static const std::regex words("[a-z]+");
    const Names named = FindAll(manual.Entry("--stdin"), words);
    for (const std::string &value : all.at("--stdin")) {
        INFO(value);
        CHECK(named.contains(value));
    }
}
