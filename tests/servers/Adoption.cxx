/**
 * Every server that knows no contract: it is told a port in its own way, nothing else is said. By
 * root under both balances; by a user without any right; as in a container with Docker's default
 * capabilities, by root for another user; under Docker's default seccomp profile.
 *
 * One worker is killed in the middle of requests: those that it had not accepted are answered.
 */

#include "Trial.hxx"

using namespace harness;

TEST_CASE("a real server that binds its port itself") {
    TryTable(AdoptedServers(), SERVER_NAMES,
             {
                 {.name = "random, as it is", .balance = "random"},
                 {.name = "none, as it is", .balance = "none"},
                 {.name = "random, unprivileged", .balance = "random", .start = {.nobody = true}},
                 {.name = "none, with --user and Docker's capabilities",
                  .balance = "none",
                  .other_user = true,
                  .needs_root = true,
                  .start = {.docker_capabilities = true}},
                 {.name = "random, under Docker's seccomp profile",
                  .balance = "random",
                  .start = {.docker_capabilities = true, .docker_profile = true}},
             },
             true);
}
