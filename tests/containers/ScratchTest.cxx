// `FROM scratch`: the image has static programs alone, no shell, no /etc, no /tmp.

#include "containers/Container.hxx"
#include "process/Support.hxx"

using namespace containers;

namespace {

Result RunScratch(std::vector<std::string> options, const std::vector<std::string> &command) {
    options.push_back("--rm");
    return Runtime::Instance().Run(std::move(options), SCRATCH, command);
}

} // namespace

TEST_CASE("FROM scratch: jobs") {
    CONTAINERS_OR_SKIP();
    const auto one = RunScratch({}, {"/clusterize", "--version"});
    CHECK(one.ended == Exited(0));
    CHECK(one.out.starts_with("clusterize "));
    const auto three = RunScratch({"--env", "CLUSTERIZE_WORKERS=3"}, {"/clusterize", "--version"});
    CHECK(three.ended == Exited(0));
    CHECK(three.out == one.out + one.out + one.out);
}

TEST_CASE("FROM scratch: hardened, as another user") {
    CONTAINERS_OR_SKIP();
    const auto result =
        RunScratch({"--env", "CLUSTERIZE_WORKERS=2", "--read-only", "--read-only-tmpfs=false",
                    "--cap-drop", "all", "--security-opt", "no-new-privileges", "--user", "1000"},
                   {"/clusterize", "--version"});
    CHECK(result.ended == Exited(0));
    CHECK(process::Count(result.out, "clusterize ") == 2);
}

TEST_CASE("FROM scratch: a number as --user needs no file") {
    CONTAINERS_OR_SKIP();
    const auto result =
        RunScratch({"--env", "CLUSTERIZE_USER=1000:1000"}, {"/clusterize", "--version"});
    CHECK(result.ended == Exited(0));
    process::CheckRefused(RunScratch({"--env", "CLUSTERIZE_USER=app"}, {"/clusterize"}), 125,
                          {"CLUSTERIZE_USER", "app", "unknown user"});
}

TEST_CASE("FROM scratch: a static server") {
    CONTAINERS_OR_SKIP();
    for (const bool hardened : {false, true}) {
        CAPTURE(hardened);
        std::vector<std::string> options{"--env", "CLUSTERIZE_WORKERS=2", "--env",
                                         "CLUSTERIZE_PORT=8000"};
        if (hardened)
            options.insert(options.end(), {"--read-only", "--read-only-tmpfs=false", "--cap-drop",
                                           "all", "--user", "1000"});
        const Container container({.options = options, .command = {"/server"}, .name = SCRATCH});
        container.WaitUp();
        container.WaitLog("serving id=", 2);
        CHECK(container.Shares(8000, 40).size() == 2);
        container.Inside([] { CHECK(Ask("127.0.0.1:8000", "exit 3") == "exiting"); });
        container.WaitLog("serving id=", 3);
        CHECK(container.Stop() == 0);
    }
}

TEST_CASE("FROM scratch: localhost needs no file") {
    CONTAINERS_OR_SKIP();
    const auto result =
        RunScratch({"--env", "CLUSTERIZE_LISTEN=localhost:8000", "--env", "CLUSTERIZE_JOBS=yes"},
                   {"/clusterize", "--version"});
    CAPTURE(result.err);
    CHECK(result.ended == Exited(0));
}

TEST_CASE("FROM scratch: a command that is not there") {
    CONTAINERS_OR_SKIP();
    const auto result = RunScratch({"--env", "CLUSTERIZE_PORT=8000"}, {"node", "server.js"});
    CHECK(result.ended == Exited(127));
    CHECK(process::Contains(result.err, "node"));
}
