// `--tty` and `--interactive`.

#include "containers/Container.hxx"
#include "process/Support.hxx"

using namespace containers;

namespace {

Start Interactive(const std::vector<std::string> &options,
                  const std::vector<std::string> &command) {
    return Runtime::Instance().Attached(options, TOOLS, command);
}

} // namespace

TEST_CASE("--interactive: one job reads standard input, several do not unless told so") {
    CONTAINERS_OR_SKIP();
    const auto read = [](const std::vector<std::string> &options) {
        std::vector<std::string> words{"clusterize"};
        words.insert(words.end(), options.begin(), options.end());
        words.insert(words.end(), {"--", "cat"});
        auto start = Interactive({"--rm", "--interactive"}, words);
        start.input = "hello\n";
        const auto result = Run(std::move(start));
        CHECK(result.ended == Exited(0));
        return result.out;
    };
    CHECK(read({"-n", "1"}) == "hello\n");
    CHECK(read({"-n", "2"}) == "");
    CHECK(read({"-n", "2", "--stdin", "inherit"}) == "hello\n");
}

TEST_CASE("--tty --interactive: a shell in it works, its status comes back") {
    CONTAINERS_OR_SKIP();
    auto start = Interactive({"--rm", "--tty", "--interactive"},
                             {"clusterize", "-n", "1", "--", "sh", "-i"});
    start.terminal = true;
    start.env = {{"CONTAINERS_CONF", Runtime::Instance().Path("containers.conf")},
                 {"TERM", "dumb"}};
    Process process(std::move(start));
    process.WaitOut("# ");
    process.Type("tty; echo answer-$((6 * 7))\r");
    process.WaitOut("answer-42");
    CHECK(process::Contains(process.Out(), "/dev/pts/0"));
    process.Type("exit 5\r");
    CHECK(process.Wait() == Exited(5));
}

TEST_CASE("--tty --interactive: Ctrl-C ends a cluster in its container once") {
    CONTAINERS_OR_SKIP();
    auto start =
        Interactive({"--rm", "--tty", "--interactive"},
                    {"clusterize", "-n", "2", "--restart", "always", "--", "behave", "signal-log"});
    start.terminal = true;
    Process process(std::move(start));
    CHECK(WaitFor([&] { return process::Count(process.Out(), "start slot=") == 2; }));
    process.Type("\x03");
    CHECK(process.Wait() == Exited(0));
    CHECK(process::Count(process.Out(), "got 2 slot=") == 2);
    CHECK(process::Count(process.Out(), "got 15 slot=") == 0);
}

TEST_CASE("--tty in the background: stop sends each worker TERM once") {
    CONTAINERS_OR_SKIP();
    const Container container({.options = {"--tty"},
                               .command = {"clusterize", "-n", "2", "--restart", "always", "--",
                                           "behave", "signal-log"}});
    container.WaitLog("start slot=", 2);
    const auto start = Now();
    CHECK(container.Stop() == 0);
    CHECK(SecondsSince(start) < 8);
    CHECK(process::Count(container.Log(), "got 15 slot=") == 2);
    CHECK(process::Count(container.Log(), "got 1 slot=") == 0);
}

TEST_CASE("without --interactive a job finds the end of its standard input") {
    CONTAINERS_OR_SKIP();
    const auto result =
        Runtime::Instance().Run({"--rm"}, TOOLS, {"clusterize", "-n", "1", "--", "cat"});
    CHECK(result.ended == Exited(0));
    CHECK(result.out == "");
}
