// A server that cannot start: the container ends at once, with the status of that server.

#include "containers/Container.hxx"
#include "process/Support.hxx"

using namespace containers;

namespace {

void CheckEnds(const std::vector<std::string> &options, const std::vector<std::string> &command,
               int status, const std::string &mention) {
    std::vector<std::string> words{"clusterize"};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back("--");
    words.insert(words.end(), command.begin(), command.end());
    const auto start = Now();
    const auto result = Runtime::Instance().Run({"--rm"}, TOOLS, words);
    CAPTURE(result.err);
    CHECK(result.ended == Exited(status));
    CHECK(process::Contains(result.err, mention));
    CHECK(SecondsSince(start) < 8);
}

} // namespace

TEST_CASE("a crash at boot is the end of the container, with its status") {
    CONTAINERS_OR_SKIP();
    CheckEnds({"-n", "2", "-p", "8000"}, {"sh", "-c", "exit 3"}, 3, "not started again");
    CheckEnds({"-n", "2", "-p", "8000"}, {"behave", "die-by-signal", "11"}, 139, "SIGSEGV");
}

TEST_CASE("a server that ends with 0 before it served ends the container with 1") {
    CONTAINERS_OR_SKIP();
    CheckEnds({"-n", "2", "-p", "8000"}, {"true"}, 1, "a worker ended before it served");
}

TEST_CASE("a command that is not in the image: 127, and one that cannot be executed: 126") {
    CONTAINERS_OR_SKIP();
    CheckEnds({"-n", "2", "-p", "8000"}, {"node", "server.js"}, 127, "node");
    CheckEnds({"-n", "2", "-p", "8000"}, {"/etc/passwd"}, 126, "/etc/passwd");
}

TEST_CASE("a server that crashes after it served: the container ends, never with 0") {
    CONTAINERS_OR_SKIP();
    CheckEnds({"-n", "1", "--ready", "exec", "-p", "8000", "--max-restarts", "1/30s"},
              {"sh", "-c", "exit 4"}, 4, "giving up");
}
