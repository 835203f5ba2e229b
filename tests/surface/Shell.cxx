#include "Shell.hxx"
#include "harness/Harness.hxx"

#include <cstdlib>
#include <sstream>
#include <unistd.h>

using namespace harness;

namespace {

constexpr const char *BASH_PACKAGE = "/usr/share/bash-completion/bash_completion";

std::string Source(const std::string &path) {
    return std::string(SOURCE_ROOT) + "/" + path;
}

bool IsInPath(const std::string &program) {
    const char *path = std::getenv("PATH");
    std::istringstream is(path != nullptr ? path : "");
    for (std::string directory; std::getline(is, directory, ':');)
        if (access((directory + "/" + program).c_str(), X_OK) == 0)
            return true;
    return false;
}

} // namespace

Shell::Shell(const std::string &name) : plain(name == "plain bash") {
    const std::string program = plain ? "bash" : name;
    const std::string script = Source("tests/surface/Complete." + program);
    if (program == "bash")
        argv = {program, "--norc", script, Source("completions/bash/clusterize")};
    else if (program == "zsh")
        argv = {program, "-f", script, Source("completions/zsh")};
    else
        argv = {program, "--no-config", script, Source("completions/fish/clusterize.fish")};

    if (!IsInPath(program))
        lacks = program + " is not installed";
    else if (name == "bash" && access(BASH_PACKAGE, R_OK) != 0)
        lacks = "the package bash-completion is not installed";
}

std::set<std::string> Shell::Complete(const std::string &line) const {
    // A command that no other program is called like; the drivers know words for it.
    const TempDir bin;
    bin.Write("surface-command", "#!/bin/sh\n", 0755);
    REQUIRE(symlink(ClusterizePath().c_str(), (bin / "clusterize").c_str()) == 0);

    Start start;
    start.argv = argv;
    start.argv.push_back(line);
    if (plain)
        start.argv.push_back("plain");
    start.env = {{"PATH", bin.Path() + ":" + std::getenv("PATH")},
                 {"HOME", bin.Path()},
                 {"XDG_CONFIG_HOME", bin.Path()},
                 {"XDG_DATA_HOME", bin.Path()},
                 {"TERM", "dumb"}};
    const Result result = Run(std::move(start));
    INFO("completing '", line, "' with ", argv[0], ": ", result.err);
    REQUIRE(result.ended == Exited(0));
    CHECK(result.err == "");

    std::set<std::string> words;
    std::istringstream is(result.out);
    for (std::string word; std::getline(is, word);)
        if (!word.empty())
            words.insert(word);
    return words;
}
