#include "pool/Attribution.hxx"

#include <doctest/doctest.h>

#include <array>

using namespace pool;

namespace {

constexpr Owner FIRST = {Owner::Kind::WORKER, 1}, SECOND = {Owner::Kind::WORKER, 2};
constexpr Owner THEN = {Owner::Kind::COMPANION, 0}, BEFORE = {Owner::Kind::INHERITED, 0};
constexpr Mark NONE = {};

/** Two workers, 100 since 1000 and 200 since 2000; the first has ended at 5000. */
std::vector<Family> Workers() {
    return {{FIRST, 100, 1000, 5000, true, {}}, {SECOND, 200, 2000, 0, true, {}}};
}

} // namespace

TEST_CASE("a descendant, when that was looked at, whatever else it says") {
    auto families = Workers();
    families[1].members = {{300, 3000}};
    CHECK(AttributeByKinship({{300, 3000}, 100, 100}, families) == SECOND);
    CHECK(AttributeByKinship({{300, 3001}, 300, 300}, families) ==
          Owner()); // another of that number
}

TEST_CASE("its group or session is that of a worker, which lives or not") {
    CHECK(AttributeByKinship({{300, 3000}, 100, 7}, Workers()) == FIRST);
    CHECK(AttributeByKinship({{300, 3000}, 7, 100}, Workers()) == FIRST);
    CHECK(AttributeByKinship({{300, 6000}, 200, 7}, Workers()) == SECOND);
    CHECK(AttributeByKinship({{300, 3000}, 300, 300}, Workers()) == Owner());
    CHECK(AttributeByKinship({{300, 3000}, 0, 0}, Workers()) == Owner());
}

TEST_CASE("a number that was free in between is not the dead worker's any more") {
    CHECK(AttributeByKinship({{300, 5000}, 100, 100}, Workers()) == FIRST);
    CHECK(AttributeByKinship({{300, 5001}, 100, 100}, Workers()) == Owner());
}

TEST_CASE("the mark says whose it is, also of a worker that nobody knows any more") {
    CHECK(AttributeByMark({{300, 1}, 300, 300}, {true, 2}, Workers(), false) == SECOND);
    CHECK(AttributeByMark({{300, 1}, 300, 300}, {true, 9}, Workers(), true) ==
          Owner{Owner::Kind::WORKER, 9});
    CHECK(AttributeByMark({{300, 1}, 300, 300}, {true, std::nullopt}, Workers(), false) == THEN);
}

TEST_CASE("by elimination: if nobody else can have left it") {
    auto families = Workers();
    CHECK(AttributeByMark({{300, 1999}, 300, 300}, NONE, families, false) == FIRST);
    // Older than both, and younger than both.
    CHECK(AttributeByMark({{300, 999}, 300, 300}, NONE, families, false) == Owner());
    CHECK(AttributeByMark({{300, 2000}, 300, 300}, NONE, families, false) == Owner());
    // PID 1 gets the orphans of strangers.
    CHECK(AttributeByMark({{300, 1999}, 300, 300}, NONE, families, true) == Owner());
    // A child that was there before can have left it, a process of the launcher's own cannot.
    families.push_back({BEFORE, 50, 500, 0, true, {}});
    CHECK(AttributeByMark({{300, 1999}, 300, 300}, NONE, families, false) == Owner());
    families.back() = {THEN, 50, 500, 0, false, {}};
    CHECK(AttributeByMark({{300, 1999}, 300, 300}, NONE, families, false) == FIRST);
}

TEST_CASE("never of the living one alone: it is not asked to end") {
    const std::vector<Family> one = {{SECOND, 200, 2000, 0, true, {}}};
    CHECK(AttributeByMark({{300, 3000}, 300, 300}, NONE, one, false) == Owner());
}
