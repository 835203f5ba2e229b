#include "sys/Accounts.hxx"
#include "harness/TempDir.hxx"

#include <doctest/doctest.h>

using namespace sys;
using Gids = std::vector<gid_t>;

namespace {

/** A directory with a passwd and a group file of our own. */
struct Files {
    Files() {
        directory.Write("passwd", "root:x:0:0:root:/root:/bin/sh\n"
                                  "alice:x:1000:1001:Alice,,,:/home/alice:/bin/sh\n"
                                  "toor:x:0:7:the second name of 0:/root:/bin/sh\n"
                                  "alice2:x:1002:1002::/:/bin/false\n");
        directory.Write("group", "root:x:0:\n"
                                 "alice:x:1001:\n"
                                 "audio:x:29:bob,alice\n"
                                 "video:x:44:alice2\n"
                                 "again:x:29:alice\n"
                                 "www:x:33:alice,bob\n");
    }

    harness::TempDir directory;
    Accounts accounts{directory.Path()};
};

} // namespace

TEST_CASE("users by name and by number") {
    const Files files;
    const auto alice = files.accounts.FindUser("alice");
    REQUIRE(alice);
    CHECK(alice->name == "alice");
    CHECK(alice->uid == 1000);
    CHECK(alice->gid == 1001);

    const auto by_number = files.accounts.FindUser(static_cast<uid_t>(1002));
    REQUIRE(by_number);
    CHECK(by_number->name == "alice2");

    const auto first = files.accounts.FindUser(static_cast<uid_t>(0));
    REQUIRE(first);
    CHECK(first->name == "root");

    CHECK_FALSE(files.accounts.FindUser("ali"));
    CHECK_FALSE(files.accounts.FindUser("Alice"));
    CHECK_FALSE(files.accounts.FindUser(""));
    CHECK_FALSE(files.accounts.FindUser(static_cast<uid_t>(4711)));
}

TEST_CASE("groups by name") {
    const Files files;
    CHECK(files.accounts.FindGroup("audio") == 29U);
    CHECK(files.accounts.FindGroup("root") == 0U);
    CHECK_FALSE(files.accounts.FindGroup("aud"));
    CHECK_FALSE(files.accounts.FindGroup(""));
}

TEST_CASE("supplementary groups: the primary first, each once, no other user's") {
    const Files files;
    CHECK(files.accounts.GroupsOf("alice", 1001) == Gids{1001, 29, 33});
    CHECK(files.accounts.GroupsOf("alice", 33) == Gids{33, 29});
    CHECK(files.accounts.GroupsOf("alice2", 1002) == Gids{1002, 44});
    CHECK(files.accounts.GroupsOf("nobody-knows", 5) == Gids{5});
}

TEST_CASE("a missing file is an empty one") {
    const harness::TempDir empty;
    const Accounts accounts(empty.Path());
    CHECK_FALSE(accounts.FindUser("root"));
    CHECK_FALSE(accounts.FindUser(static_cast<uid_t>(0)));
    CHECK_FALSE(accounts.FindGroup("root"));
    CHECK(accounts.GroupsOf("root", 0) == Gids{0});
}

TEST_CASE("a broken line does not hide those behind it") {
    const harness::TempDir directory;
    directory.Write(
        "passwd", "nonsense\n::::\nbob:x:notanumber:1::/:/bin/sh\ncarol:x:1003:1003::/:/bin/sh\n");
    directory.Write("group", "nonsense\nwww:x:33:carol\n");
    const Accounts accounts(directory.Path());
    REQUIRE(accounts.FindUser("carol"));
    CHECK(accounts.FindUser("carol")->uid == 1003);
    CHECK(accounts.FindGroup("www") == 33U);
    CHECK_FALSE(accounts.FindUser("bob"));
}

TEST_CASE("without a directory it reads /etc") {
    const Accounts accounts;
    const auto root = accounts.FindUser(static_cast<uid_t>(0));
    REQUIRE(root);
    CHECK(root->name == "root");
    CHECK(accounts.FindGroup("root") == 0U);
}
