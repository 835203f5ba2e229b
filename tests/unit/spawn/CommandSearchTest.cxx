#include "spawn/CommandSearch.hxx"

#include <doctest/doctest.h>

using namespace spawn;
using Paths = std::vector<std::string>;

TEST_CASE("every directory of PATH in turn") {
    CHECK(CommandPaths("nginx", "/usr/sbin:/usr/bin") ==
          Paths{"/usr/sbin/nginx", "/usr/bin/nginx"});
    CHECK(CommandPaths("nginx", "/one") == Paths{"/one/nginx"});
    CHECK(CommandPaths("x", "relative:/abs") == Paths{"relative/x", "/abs/x"});
}

TEST_CASE("a command with a slash is a path") {
    CHECK(CommandPaths("/bin/sh", "/usr/bin") == Paths{"/bin/sh"});
    CHECK(CommandPaths("./server", "/usr/bin") == Paths{"./server"});
    CHECK(CommandPaths("bin/server", std::nullopt) == Paths{"bin/server"});
    CHECK(CommandPaths("dir/", "/usr/bin") == Paths{"dir/"});
}

TEST_CASE("an empty part of PATH is the current directory") {
    CHECK(CommandPaths("x", ":/bin") == Paths{"x", "/bin/x"});
    CHECK(CommandPaths("x", "/bin:") == Paths{"/bin/x", "x"});
    CHECK(CommandPaths("x", "/a::/b") == Paths{"/a/x", "x", "/b/x"});
}

TEST_CASE("without PATH there is a default") {
    CHECK(CommandPaths("x", std::nullopt) == Paths{"/usr/local/bin/x", "/usr/bin/x", "/bin/x"});
}

TEST_CASE("an empty command is nowhere") {
    CHECK(CommandPaths("", "/usr/bin").empty());
}
