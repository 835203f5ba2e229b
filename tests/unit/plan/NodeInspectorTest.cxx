#include "plan/NodeInspector.hxx"

#include <doctest/doctest.h>

#include <vector>

using namespace plan;

namespace {

std::optional<unsigned> Of(const std::vector<std::string> &command,
                           std::string_view node_options = "") {
    return FindNodeInspector(command, node_options);
}

} // namespace

TEST_CASE("each of the flags, with the default port and with another") {
    for (const char *flag : {"--inspect", "--inspect-brk", "--inspect-wait", "--inspect-port"}) {
        CAPTURE(flag);
        const std::string word(flag);
        CHECK(Of({"node", word + "=9300", "server.js"}) == 9300U);
        CHECK(Of({"/usr/bin/node", word + "=127.0.0.1:9301", "server.js"}) == 9301U);
        CHECK(Of({"nodejs", word + "=[::1]:9302", "server.js"}) == 9302U);
        CHECK(Of({"node", word + "=[::1]", "server.js"}) == 9229U);
        CHECK(Of({"node", word + "=localhost", "server.js"}) == 9229U);
    }
    CHECK(Of({"node", "--inspect", "server.js"}) == 9229U);
    CHECK(Of({"node", "--inspect-brk", "server.js"}) == 9229U);
    CHECK(Of({"node", "--inspect", "--inspect-port", "9400", "server.js"}) == 9400U);
}

TEST_CASE("a port that is free for the taking is nobody's") {
    CHECK_FALSE(Of({"node", "--inspect=0", "server.js"}));
    CHECK_FALSE(Of({"node", "--inspect=127.0.0.1:0", "server.js"}));
}

TEST_CASE("only before the script, and an option's value is no script") {
    CHECK_FALSE(Of({"node", "server.js", "--inspect"}));
    CHECK_FALSE(Of({"node", "--", "--inspect"}));
    CHECK_FALSE(Of({"node", "-", "server.js"}));
    CHECK(Of({"node", "-r", "./setup.js", "--inspect", "server.js"}) == 9229U);
    CHECK_FALSE(Of({"node", "-r", "--inspect", "server.js"}));
    CHECK(Of({"node", "--require=./setup.js", "--inspect=9300", "server.js"}) == 9300U);
    CHECK_FALSE(Of({"node", "--inspector-gadget", "server.js"}));
    CHECK_FALSE(Of({"node"}));
}

TEST_CASE("NODE_OPTIONS counts, and the command line after it") {
    CHECK(Of({"node", "server.js"}, "--inspect") == 9229U);
    CHECK(Of({"node", "server.js"}, "--no-warnings  --inspect=9300") == 9300U);
    CHECK(Of({"node", "--inspect=9301", "server.js"}, "--inspect=9300") == 9301U);
    CHECK(Of({"node", "--inspect", "server.js"}, "--inspect-port 9302") == 9302U);
    CHECK_FALSE(Of({"node", "server.js"}, ""));
}

TEST_CASE("another program's option of that name is not Node's") {
    CHECK_FALSE(Of({"deno", "--inspect", "server.js"}));
    CHECK_FALSE(Of({"python3", "--inspect"}, "--inspect"));
    CHECK_FALSE(Of({"npm", "start"}, "--inspect"));
}
