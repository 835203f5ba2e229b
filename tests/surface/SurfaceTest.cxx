/**
 * Everything that names an option or a row of a table has to name the same ones: the binary's
 * lists, its help, the manual page, the README, and what three shells really complete.
 */

#include "Manual.hxx"
#include "Shell.hxx"
#include "harness/Harness.hxx"

#include <algorithm>
#include <cctype>
#include <map>
#include <regex>
#include <sstream>

using namespace harness;

namespace {

using Names = std::set<std::string>;

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

void CheckSame(const std::string &what, const Names &here, const Names &there) {
    CHECK(!here.empty());
    const std::string difference = Difference(here, there);
    INFO(what, ":", difference);
    CHECK(difference == "");
}

/** The names of one table, in its order. */
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

/** The names at the beginning of a line of the help: "  -n, --workers N" gives -n and --workers. */
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

/** Long and short names that the help lists. */
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

/** The long options as --list gives them. */
Names Options() {
    Names options;
    for (const std::string &name : RowSet("options"))
        options.insert(name);
    return options;
}

Names With(Names names, const std::initializer_list<const char *> more) {
    names.insert(more.begin(), more.end());
    return names;
}

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

Names FindAll(const std::string &text, const std::regex &pattern) {
    Names found;
    for (std::sregex_iterator i(text.begin(), text.end(), pattern), end; i != end; ++i)
        found.insert(i->str(i->size() > 1 ? 1 : 0));
    return found;
}

/** The values of an option that the binary keeps in no list, and where it does, that list. */
std::map<std::string, Names> ValuesOfOptions() {
    return {{"--balance", RowSet("balance")},
            {"--contract", With(RowSet("contracts"), {"auto", "none"})},
            {"--list", RowSet("lists")},
            {"--log-level", RowSet("levels")},
            {"--stdin", {"inherit", "null"}},
            {"--stop-signal", With(RowSet("signals"), {"auto"})}};
}

void CheckOptionsOf(const Shell &shell) {
    Names completed = shell.Complete("clusterize -");
    completed.erase("-"); // a command of that name
    CheckSame("completed, but not in --help", completed, HelpNames());
    CheckSame("completed, but not in --list", LongNames(shell.Complete("clusterize --")),
              Options());
    // Still so behind other options, not behind the command.
    CHECK(shell.Complete("clusterize -n 4 --env A=b --bala") == Names{"--balance"});
    CHECK(shell.Complete("clusterize -n 4 true --bala") == Names{});
    CHECK(shell.Complete("clusterize -n 4 -- true --bala") == Names{});
}

void CheckValuesOf(const Shell &shell) {
    for (const auto &[option, values] : ValuesOfOptions())
        CheckSame("values of " + option, shell.Complete("clusterize " + option + " "), values);
    const std::string equals = "--balance=";
    Names completed;
    for (std::string value : shell.Complete("clusterize " + equals)) {
        if (value.rfind(equals, 0) == 0)
            value.erase(0, equals.size());
        completed.insert(value);
    }
    CheckSame("values of --balance=", completed, RowSet("balance"));
}

/** The names of the listeners that a word decides on. */
void CheckListenersOf(const Shell &shell) {
    Names completed;
    for (const std::string &word : shell.Complete("clusterize --listen "))
        if (const size_t end = word.find(':'); end != std::string::npos)
            completed.insert(word.substr(0, end));
        else if (word == "systemd")
            completed.insert(word);
    Names kinds = RowSet("listeners");
    CHECK(kinds.erase("tcp") == 1); // has no word in front
    CheckSame("kinds of listeners", completed, kinds);
}

void CheckCommandOf(const Shell &shell) {
    CHECK(shell.Complete("clusterize -p 80 -- surface-comm") == Names{"surface-command"});
    CHECK(shell.Complete("clusterize --stdin null surface-comm") == Names{"surface-command"});
}

void CheckArgumentsOf(const Shell &shell) {
    CHECK(shell.Complete("clusterize -p 80 -- surface-command ") == Names{"alpha", "beta"});
    CHECK(shell.Complete("clusterize --jobs surface-command a") == Names{"alpha"});
    CHECK(shell.Complete("clusterize -- surface-command alpha b") == Names{"beta"});
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
    const Result brief = RunClusterize({"-h"});
    CHECK(brief.ended == Exited(0));
    CHECK(brief.err == "");
    CHECK(brief.out == result.out);
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
                                                      {"--events", "/nonexistent/directory/file"}};
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
    CheckSame("balance", manual.Names("BALANCE", "Cm"), RowSet("balance"));
    CheckSame("events", manual.Names("EVENTS", "Cm"), RowSet("events"));
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
            CHECK(result.ended == Exited(0));
        }
    }
    static const std::regex words("[a-z]+");
    const Names named = FindAll(manual.Entry("--stdin"), words);
    for (const std::string &value : all.at("--stdin")) {
        INFO(value);
        CHECK(named.contains(value));
    }
}

// --- shells ----------------------------------------------------------------------------------

TEST_CASE("bash completes the options") {
    const Shell shell("bash");
    if (!shell.Lacks().empty())
        HARNESS_SKIP(shell.Lacks());
    CheckOptionsOf(shell);
}

TEST_CASE("bash completes the values") {
    const Shell shell("bash");
    if (!shell.Lacks().empty())
        HARNESS_SKIP(shell.Lacks());
    CheckValuesOf(shell);
    CheckListenersOf(shell);
    CHECK(shell.Complete("clusterize --contract systemd,einh") == Names{"systemd,einhorn"});
    CHECK(shell.Complete("clusterize --user=root:roo") == Names{"root"});
}

TEST_CASE("bash completes the command and what belongs to it") {
    const Shell shell("bash");
    if (!shell.Lacks().empty())
        HARNESS_SKIP(shell.Lacks());
    CheckCommandOf(shell);
    CheckArgumentsOf(shell);
}

TEST_CASE("bash completes without the package bash-completion") {
    const Shell shell("plain bash");
    if (!shell.Lacks().empty())
        HARNESS_SKIP(shell.Lacks());
    CheckOptionsOf(shell);
    CheckValuesOf(shell);
    CheckCommandOf(shell);
}

TEST_CASE("zsh completes the options") {
    const Shell shell("zsh");
    if (!shell.Lacks().empty())
        HARNESS_SKIP(shell.Lacks());
    CheckOptionsOf(shell);
}

TEST_CASE("zsh completes the values") {
    const Shell shell("zsh");
    if (!shell.Lacks().empty())
        HARNESS_SKIP(shell.Lacks());
    CheckValuesOf(shell);
    CheckListenersOf(shell);
    CHECK(shell.Complete("clusterize --contract systemd,einh") == Names{"einhorn"});
    CHECK(shell.Complete("clusterize --user=root:roo") == Names{"root"});
}

TEST_CASE("zsh completes the command and what belongs to it") {
    const Shell shell("zsh");
    if (!shell.Lacks().empty())
        HARNESS_SKIP(shell.Lacks());
    CheckCommandOf(shell);
    CheckArgumentsOf(shell);
}

TEST_CASE("fish completes the options") {
    const Shell shell("fish");
    if (!shell.Lacks().empty())
        HARNESS_SKIP(shell.Lacks());
    CheckOptionsOf(shell);
}

TEST_CASE("fish completes the values") {
    const Shell shell("fish");
    if (!shell.Lacks().empty())
        HARNESS_SKIP(shell.Lacks());
    CheckValuesOf(shell);
    CheckListenersOf(shell);
    CHECK(shell.Complete("clusterize --contract systemd,einh") == Names{"systemd,einhorn"});
    CHECK(shell.Complete("clusterize --user=root:roo") == Names{"--user=root:root"});
}

TEST_CASE("fish completes the command and what belongs to it") {
    const Shell shell("fish");
    if (!shell.Lacks().empty())
        HARNESS_SKIP(shell.Lacks());
    CheckCommandOf(shell);
    CheckArgumentsOf(shell);
}

// --- documents -------------------------------------------------------------------------------

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
