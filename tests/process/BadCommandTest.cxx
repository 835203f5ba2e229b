// Commands that cannot be executed: 127 not found, 126 found, one line each, nothing left.

#include "Support.hxx"

#include <sys/stat.h>

using namespace process;

namespace {

void Refuse(const std::string &command, int status, bool nobody) {
    INFO(command);
    for (const std::vector<std::string> &options :
         {std::vector<std::string>{},
          {"-n", "3"},
          {"-n", "3", "-p", "127.0.0.1:0", "--log-level", "warn"}}) {
        std::vector<std::string> words = options;
        words.insert(words.end(), {"--", command, "an", "argument"});
        // Directories of PATH that this user may not enter would be an answer of their own.
        CheckRefused(RunClusterize(words, {.env = {{"PATH", "/usr/bin:/bin"}}, .nobody = nobody}),
                     status, {command});
    }
}

} // namespace

TEST_CASE("not found") {
    AsEveryone([](bool nobody) {
        const TempDir directory;
        Refuse("no-such-program-anywhere", 127, nobody);
        Refuse(directory / "absent", 127, nobody);
        Refuse(directory / "no-directory/absent", 127, nobody);
        Refuse("./absent", 127, nobody);
    });
}

TEST_CASE("not executable") {
    AsEveryone([](bool nobody) {
        const TempDir directory;
        Refuse(directory.Write("plain", "#!/bin/sh\n", 0644), 126, nobody);
        Refuse(directory.Path(), 126, nobody);
    });
    const TempDir directory;
    REQUIRE(mkdir((directory / "closed").c_str(), 0755) == 0);
    directory.Write("closed/program", "#!/bin/sh\n", 0755);
    REQUIRE(chmod((directory / "closed").c_str(), 0700) == 0);
    if (IsRoot())
        Refuse(directory / "closed/program", 126, true);
}

TEST_CASE("a program for another machine") {
    AsEveryone([](bool nobody) {
        const TempDir directory;
        Refuse(directory.Write("program", "\177ELF\2\1\1 of some kind\n", 0755), 126, nobody);
    });
}

TEST_CASE("a script without #! runs by sh, as execvp(3) and tini do") {
    AsEveryone([](bool nobody) {
        const TempDir directory;
        const auto result = RunClusterize(
            {"-n", "2", "--",
             directory.Write("script", "echo \"$1 of $CLUSTERIZE_RUN\" | cut -c-6\n", 0755), "one"},
            {.nobody = nobody});
        CHECK(result.ended == Exited(0));
        CHECK(result.out == "one of\none of\n");
        CHECK(result.err == "");
    });
}

TEST_CASE("an interpreter that is missing is named as what it is") {
    const TempDir directory;
    const std::string script = directory.Write("script", "#!/no/such/interpreter\n", 0755);
    CheckRefused(RunClusterize({"--", script}), 127, {script, "interpreter"});
}

TEST_CASE("PATH: the first that can be executed, as a shell does it") {
    const TempDir directory;
    REQUIRE(mkdir((directory / "a").c_str(), 0755) == 0);
    REQUIRE(mkdir((directory / "b").c_str(), 0755) == 0);
    directory.Write("a/the-program", "#!/bin/sh\necho a\n", 0644);
    directory.Write("b/the-program", "#!/bin/sh\necho b\n", 0755);
    const std::string path = directory / "a" + ":" + directory / "b" + ":/usr/bin:/bin";
    const auto found = RunClusterize({"--", "the-program"}, {.env = {{"PATH", path}}});
    CHECK(found.ended == Exited(0));
    CHECK(found.out == "b\n");
    // One that is there but cannot be executed is 126, not 127.
    CheckRefused(RunClusterize({"--", "the-program"}, {.env = {{"PATH", directory / "a"}}}), 126,
                 {"the-program"});
}

TEST_CASE("the port of a command that was not found is free again") {
    const std::string address = "127.0.0.1:" + std::to_string(FreePort());
    CHECK(RunClusterize({"-p", address, "--", "no-such-program-anywhere"}).ended == Exited(127));
    CHECK(ListenOn(address).IsOpen());
}
