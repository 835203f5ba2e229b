/**
 * Every server of the table of contracts, under both balances, started by root, by root for another
 * user, and by a user without any right.
 */

#include "Trial.hxx"

using namespace harness;

TEST_CASE("a real server") {
    TryTable(Servers(), SERVER_NAMES,
             {
                 {.name = "random, as it is", .balance = "random"},
                 {.name = "none, with --user",
                  .balance = "none",
                  .other_user = true,
                  .needs_root = true},
                 {.name = "random, unprivileged", .balance = "random", .start = {.nobody = true}},
                 {.name = "none, unprivileged", .balance = "none", .start = {.nobody = true}},
             },
             false);
}
