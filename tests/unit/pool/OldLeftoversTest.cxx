#include "pool/Leftovers.hxx"

#include <doctest/doctest.h>

#include <unistd.h>

using namespace pool;

namespace {

constexpr pid_t WORKER = 100, OTHER = 200;
const WorkerRef DEAD = {7, 0, 1, WORKER};

bool IsOther(pid_t pid) {
    return pid == OTHER;
}

} // namespace

TEST_CASE("the mark in the environment decides, whatever its group is") {
    CHECK(IsLeftBy({300, 7U, OTHER, OTHER, true}, DEAD, IsOther));
    CHECK_FALSE(IsLeftBy({300, 8U, WORKER, WORKER, true}, DEAD, IsOther));
    CHECK_FALSE(IsLeftBy({300, std::nullopt, WORKER, WORKER, true}, DEAD, IsOther));
}

TEST_CASE("without a mark its group or session") {
    CHECK(IsLeftBy({300, std::nullopt, WORKER, 1, false}, DEAD, IsOther));
    CHECK(IsLeftBy({300, std::nullopt, 1, WORKER, false}, DEAD, IsOther));
    CHECK_FALSE(IsLeftBy({300, std::nullopt, OTHER, 1, false}, DEAD, IsOther));
    CHECK_FALSE(IsLeftBy({300, std::nullopt, 1, OTHER, false}, DEAD, IsOther));
}

TEST_CASE("a start that failed has left nothing") {
    CHECK_FALSE(IsLeftBy({300, std::nullopt, 0, 0, false}, {7, 0, 1, 0}, IsOther));
    CHECK_FALSE(IsLeftBy({300, std::nullopt, 300, 300, false}, {7, 0, 1, 0}, IsOther));
}

TEST_CASE("where that is nobody's either, it is the dead one's, but not for PID 1") {
    CHECK(IsLeftBy({300, std::nullopt, 300, 300, false}, DEAD, IsOther) == (getpid() != 1));
}
