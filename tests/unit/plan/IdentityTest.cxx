#include "plan/Identity.hxx"
#include "util/UserError.hxx"

#include <doctest/doctest.h>

using namespace plan;

namespace {

constexpr uid_t ROOT = 0;

Options As(spawn::Ids ids, std::optional<sys::User> account = {}) {
    Options options;
    options.user = std::move(ids);
    options.account = std::move(account);
    options.user_said = {"--user", "4711"};
    return options;
}

} // namespace

TEST_CASE("a user without a group needs --group") {
    Options options = As({4711U, {}, {}});
    CHECK_THROWS_WITH_AS(MakeIds(options),
                         "--user '4711': this number is not in /etc/passwd: say the group too, "
                         "UID:GROUP or --group",
                         util::UserError);
    options.group = 33;
    const spawn::Ids ids = MakeIds(options);
    CHECK(ids.uid == 4711U);
    CHECK(ids.gid == 33U);
    CHECK(ids.groups == std::vector<gid_t>{33});
}

TEST_CASE("HOME and the others are those of the line of passwd") {
    const pool::AccountVariables account = MakeAccount(
        As({1000U, 1001U, {}}, sys::User{"alice", 1000, 1001, "/home/alice", "/bin/sh"}), ROOT);
    CHECK(account == pool::AccountVariables{{"HOME", "/home/alice"},
                                            {"USER", "alice"},
                                            {"LOGNAME", "alice"},
                                            {"SHELL", "/bin/sh"}});
}

TEST_CASE("without such a line HOME is / and the others are removed") {
    CHECK(MakeAccount(As({4711U, 33U, {}}), ROOT) ==
          pool::AccountVariables{{"HOME", "/"},
                                 {"USER", std::nullopt},
                                 {"LOGNAME", std::nullopt},
                                 {"SHELL", std::nullopt}});
}

TEST_CASE("nothing changes without --user, or if it names the launcher's own user") {
    CHECK(MakeAccount(As({}), ROOT).empty());
    CHECK(MakeAccount(As({1000U, 1001U, {}}), 1000).empty());
}
