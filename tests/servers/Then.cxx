/** One line in CI: a real server for the time of its tests, with a real client. Without a terminal, under `set -e`. */

#include "harness/Harness.hxx"

#include <unistd.h>

using namespace harness;

namespace {

constexpr const char *GUNICORN = "/usr/bin/gunicorn";

/** A script as CI runs it: a line after clusterize, which a failure must not reach. Without --preload gunicorn says
 *  READY=1 before it has seen its application. */
Result RunScript(const std::string &then, const std::string &application = "app:wsgi") {
    return Run({.argv = {"sh", "-ec",
                         "\"$CL\" -n 2 -p 127.0.0.1:0 --then \"$THEN\" -- /usr/bin/python3 " +
                             std::string(GUNICORN) + " --preload --chdir \"$APPS\" " + application +
                             "; echo the next step"},
                .env = {{"CL", ClusterizePath()},
                        {"THEN", then},
                        {"APPS", APPS},
                        {"PYTHONDONTWRITEBYTECODE", "1"}}});
}

constexpr const char *GET = "curl -sSf --retry 20 --retry-connrefused http://127.0.0.1:$PORT/";

bool WentOn(const Result &result) {
    return result.out.find("the next step\n") != std::string::npos;
}

} // namespace

TEST_CASE(
    "tests of a real server: they pass, they fail, the server never comes up, it dies meanwhile") {
    if (access(GUNICORN, X_OK) != 0)
        HARNESS_SKIP("gunicorn is not installed");
    if (access("/usr/bin/curl", X_OK) != 0)
        HARNESS_SKIP("curl is not installed");

    SUBCASE("they pass") {
        const auto result = RunScript(std::string(GET) + "; echo status=$?");
        CHECK(result.ended == Exited(0));
        CHECK(result.out.find("status=0") != std::string::npos);
        CHECK(WentOn(result));
    }
    SUBCASE("they fail with 7") {
        const auto result = RunScript(std::string(GET) + " && exit 7");
        CHECK(result.ended == Exited(7));
        CHECK_FALSE(WentOn(result));
    }
    SUBCASE("the server cannot start") {
        const auto result = RunScript("echo ran", "no_such_module:wsgi");
        CHECK(result.ended == Exited(125));
        CHECK(result.out.find("ran") == std::string::npos);
        CHECK(result.err.find("never came up") != std::string::npos);
        CHECK_FALSE(WentOn(result));
    }
    SUBCASE("a worker dies in the middle, and another takes its place") {
        const auto result = RunScript(
            "set -e; pkill -KILL -o -P $CLUSTERIZE_PID python3; for i in 1 2 3 4 5 6 7 8; do " +
            std::string(GET) + "; done; echo all answered");
        CHECK(result.ended == Exited(0));
        CHECK(result.out.find("all answered") != std::string::npos);
        CHECK(result.err.find("was killed by SIGKILL") != std::string::npos);
        CHECK(WentOn(result));
    }
}
