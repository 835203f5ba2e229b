/** What three shells really complete. */

#include "Shell.hxx"
#include "Surface.hxx"
#include "harness/Harness.hxx"

namespace {

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
    Names outputs = RowSet("outputs");
    CHECK(outputs.erase("FILE") == 1); // anything else, and completed as one
    const Names output = shell.Complete("clusterize --output ");
    for (const std::string &name : outputs) {
        INFO(name);
        CHECK(output.contains(name));
    }
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
