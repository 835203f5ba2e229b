#include "balance/Pace.hxx"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>

using namespace balance;

namespace {

using Slots = std::vector<unsigned>;

/** Slots with queues that a test moves; looks as QueueWatch does. */
class Queues {
public:
    explicit Queues(unsigned count) : length(count), came(count) {
        SetActive(All());
        pace.Look(Seen());
    }

    Slots All() const {
        Slots all(length.size());
        std::iota(all.begin(), all.end(), 0U);
        return all;
    }

    void SetActive(const Slots &slots) { pace.SetActive(slots); }

    void Come(unsigned slot, unsigned times = 1) {
        length[slot] += times;
        came[slot] = true;
    }

    void Accept(unsigned slot, unsigned times = 1) { length[slot] -= times; }

    bool Look() { return pace.Look(Seen()); }

    /** The active ones that are behind. */
    Slots Behind() const {
        Slots behind;
        for (unsigned slot = 0; slot < length.size(); slot++)
            if (pace.IsBehind(slot))
                behind.push_back(slot);
        return behind;
    }

    Slots Open() const {
        Slots open(pace.Open().begin(), pace.Open().end());
        std::sort(open.begin(), open.end());
        return open;
    }

    std::vector<unsigned> length; // of the queues, by slot
    Pace pace;

private:
    std::vector<Pace::Seen> Seen() {
        std::vector<Pace::Seen> seen;
        const auto open = pace.Open();
        for (unsigned slot = 0; slot < length.size(); slot++) {
            const bool arrived = came[slot] && length[slot] > 0;
            if (pace.IsActive(slot) &&
                (arrived || std::find(open.begin(), open.end(), slot) != open.end()))
                seen.push_back({slot, length[slot], arrived});
            came[slot] = false;
        }
        return seen;
    }

    std::vector<bool> came;
};

} // namespace

TEST_CASE(
    "who waits with one connection while the others are idle is left out at the fourth look") {
    Queues queues(4);
    queues.Come(2);
    for (unsigned look = 0; look < Pace::STUCK; look++) {
        CHECK_FALSE(queues.Look());
        CHECK(queues.Behind().empty());
    }
    CHECK(queues.Look());
    CHECK(queues.Behind() == Slots{2});
    CHECK_FALSE(queues.Look()); // nothing new
    CHECK(queues.Behind() == Slots{2});
}

TEST_CASE("a queue beyond what the others have on the average, at once") {
    Queues queues(3);
    queues.Come(1, Pace::SLACK);
    CHECK_FALSE(queues.Look());
    queues.Come(1);
    CHECK(queues.Look());
    CHECK(queues.Behind() == Slots{1});

    // The others have 3 on the average: 8 are not too many, 9 are.
    Queues busy(3);
    busy.Come(0, 2);
    busy.Come(2, 4);
    busy.Come(1, 8);
    CHECK_FALSE(busy.Look());
    busy.Come(1);
    CHECK(busy.Look());
    CHECK(busy.Behind() == Slots{1});
}

TEST_CASE("it is back as soon as its worker takes one, if its queue is not too long") {
    Queues queues(2);
    queues.Come(0, 2);
    for (unsigned look = 0; look <= Pace::STUCK; look++)
        queues.Look();
    REQUIRE(queues.Behind() == Slots{0});
    queues.Accept(0);
    CHECK(queues.Look());
    CHECK(queues.Behind().empty());

    queues.Come(0, 5);
    REQUIRE(queues.Look());
    queues.Accept(0, 3);
    CHECK_FALSE(queues.Look()); // 3 are still too many
    queues.Accept(0);
    CHECK(queues.Look());
    CHECK(queues.Behind().empty());
}

TEST_CASE("a queue that is emptied between two looks is forgotten") {
    Queues queues(2);
    queues.Come(1);
    queues.Look();
    CHECK(queues.Open() == Slots{1});
    queues.Accept(1);
    queues.Look();
    CHECK(queues.Open().empty());
}

TEST_CASE("one that came while the queue is no longer: another was taken, so it is not stuck") {
    Queues queues(2);
    queues.Come(0);
    for (unsigned look = 0; look < 20; look++) {
        queues.Look();
        queues.Accept(0);
        queues.Come(0);
    }
    CHECK(queues.Behind().empty());
    for (unsigned look = 0; look <= Pace::STUCK; look++)
        queues.Look();
    CHECK(queues.Behind() == Slots{0});
}

TEST_CASE("among busy ones a stopped worker is found though its queue is not the longest") {
    Queues queues(4);
    for (unsigned slot = 0; slot < 4; slot++)
        queues.Come(slot, slot == 0 ? 4 : 12);
    for (unsigned look = 0; look <= Pace::STUCK; look++) {
        queues.Look();
        for (unsigned slot = 1; slot < 4; slot++) {
            queues.Accept(slot, 5);
            queues.Come(slot, look % 2 == 0 ? 5 : 4);
        }
        queues.Come(0);
    }
    CHECK(queues.length[0] < 12);
    CHECK(queues.Behind() == Slots{0});
}

TEST_CASE("where all are slow nobody is stuck before it is three times as slow as the best") {
    Queues queues(2);
    queues.Come(0, 4);
    queues.Come(1, 4);
    for (unsigned look = 0; look < 100; look++) {
        if (look % 10 == 9) // the best waits for 9 looks
            queues.Accept(1), queues.Come(1);
        queues.Look();
        CHECK(queues.pace.IsBehind(1) == false);
        if (look < Pace::STUCK)
            CHECK(queues.Behind().empty());
    }
    // The best one counts anew now, and the limit is that of a moment in which it has just moved.
    CHECK(queues.Behind() == Slots{0});
}

TEST_CASE("all wait and nothing moves: all are in") {
    Queues queues(3);
    for (unsigned slot = 0; slot < 3; slot++)
        queues.Come(slot, 2);
    for (unsigned look = 0; look < 100; look++)
        queues.Look();
    CHECK(queues.Behind().empty());
}

TEST_CASE("a stopped worker stays out however long the queue of the only other one is") {
    Queues queues(2);
    queues.Come(0, 2);
    for (unsigned look = 0; look <= Pace::STUCK; look++)
        queues.Look();
    REQUIRE(queues.Behind() == Slots{0});
    for (unsigned look = 0; look < 50; look++) {
        queues.Come(1, look < 10 ? 12 : 10);
        queues.Look();
        CHECK(queues.Behind() == Slots{0});
        queues.Accept(1, 10);
    }
}

TEST_CASE("the queue of a stopped worker is no measure for the others") {
    Queues queues(3);
    queues.Come(0, 30);
    for (unsigned look = 0; look <= Pace::STUCK; look++)
        queues.Look();
    REQUIRE(queues.Behind() == Slots{0});
    queues.Come(2, 3);
    queues.Look();
    CHECK(queues.Behind() == Slots{0, 2});
}

TEST_CASE("only active slots are the others") {
    Queues queues(4);
    queues.SetActive({0, 1});
    queues.Come(2, 50);
    queues.Come(3, 50);
    queues.Come(0, 3);
    CHECK(queues.Look());
    CHECK(queues.Behind() == Slots{0}); // the other one's queue is empty
    CHECK(queues.Open() == Slots{0});
    CHECK_FALSE(queues.pace.IsActive(2));
    CHECK_FALSE(queues.pace.IsActive(4711));
    CHECK_FALSE(queues.pace.IsBehind(4711));
}

TEST_CASE("who becomes active begins with a clean account, and its queue is read") {
    Queues queues(2);
    queues.Come(0, 2);
    for (unsigned look = 0; look <= Pace::STUCK; look++)
        queues.Look();
    REQUIRE(queues.Behind() == Slots{0});
    queues.SetActive({0, 1}); // as before
    CHECK(queues.Behind() == Slots{0});
    queues.SetActive({1});
    CHECK(queues.Behind().empty());
    CHECK(queues.Open().empty());
    queues.SetActive({0, 1});
    CHECK(queues.Behind().empty());
    CHECK(queues.Open() == Slots{0});
    for (unsigned look = 0; look < Pace::STUCK; look++)
        CHECK_FALSE(queues.Look());
    CHECK(queues.Look());
    CHECK(queues.Behind() == Slots{0});
}

TEST_CASE("the last active one is not behind") {
    Queues queues(2);
    queues.Come(0, 9);
    queues.Look();
    REQUIRE(queues.Behind() == Slots{0});
    queues.SetActive({0});
    CHECK(queues.Behind().empty());
    for (unsigned look = 0; look < 10; look++) {
        queues.Come(0);
        queues.Look();
    }
    CHECK(queues.Behind().empty());
    queues.SetActive({});
    CHECK(queues.Behind().empty());
    CHECK_FALSE(queues.Look());
}

TEST_CASE("those that are stuck are compared anew when the ones that moved have left") {
    Queues queues(3);
    queues.Come(0, 2);
    queues.Come(1, 2);
    for (unsigned look = 0; look <= Pace::STUCK; look++)
        queues.Look();
    REQUIRE(queues.Behind() == Slots{0, 1});
    queues.SetActive({0, 1});
    CHECK(queues.Behind().empty());
    queues.Accept(1);
    queues.Look();
    CHECK(queues.Behind() == Slots{0});
}

TEST_CASE("of 1,024 slots only the busy ones are read") {
    Queues queues(1024);
    CHECK(queues.Open().empty());
    queues.Come(7);
    queues.Come(1023, 20);
    CHECK(queues.Look());
    CHECK(queues.Open() == Slots{7, 1023});
    CHECK(queues.Behind() == Slots{1023});
}

TEST_CASE("whatever happens, one active slot keeps up, and only those with a queue are behind") {
    std::mt19937 random(815);
    for (unsigned round = 0; round < 200; round++) {
        const unsigned count = 1 + random() % 9;
        Queues queues(count);
        for (unsigned step = 0; step < 100; step++) {
            Slots active;
            for (unsigned slot = 0; slot < count; slot++) {
                if (random() % 3 == 0)
                    queues.Come(slot, random() % 12);
                if (random() % 3 == 0)
                    queues.Accept(slot, random() % (queues.length[slot] + 1));
                if (random() % 2 == 0)
                    active.push_back(slot);
            }
            const bool changes = random() % 10 == 0 && !active.empty();
            if (changes)
                queues.SetActive(active);
            const Slots before = queues.Behind();
            const bool changed = queues.Look();
            const Slots behind = queues.Behind();
            REQUIRE(changed == (before != behind));
            std::size_t in = 0;
            for (const unsigned slot : queues.All())
                in += queues.pace.IsActive(slot) && !queues.pace.IsBehind(slot);
            REQUIRE(in >= 1);
            for (const unsigned slot : behind) {
                REQUIRE(queues.pace.IsActive(slot));
                REQUIRE(queues.length[slot] > 0);
            }
        }
    }
}
