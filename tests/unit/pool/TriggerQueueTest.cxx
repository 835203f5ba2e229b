#include "pool/TriggerQueue.hxx"

#include <doctest/doctest.h>

#include <string>

using namespace pool;

namespace {

enum class Trigger : std::uint8_t { A, B, C };

/** Writes down what it gets, and posts B and C while it handles A. */
struct Target {
    TriggerQueue &queue;
    std::string log = {};

    void OnTrigger(std::uint8_t trigger) noexcept {
        log += static_cast<char>('A' + trigger);
        if (static_cast<Trigger>(trigger) == Trigger::A) {
            queue.Post<&Target::OnTrigger>(*this, Trigger::B);
            queue.Post<&Target::OnTrigger>(*this, Trigger::C);
        }
        log += '.';
    }
};

} // namespace

TEST_CASE("a trigger from outside runs at once, with everything that it leads to") {
    TriggerQueue queue;
    Target target{queue};
    queue.Post<&Target::OnTrigger>(target, Trigger::C);
    CHECK(target.log == "C.");
}

TEST_CASE("no trigger runs inside the action of another one") {
    TriggerQueue queue;
    Target target{queue};
    queue.Post<&Target::OnTrigger>(target, Trigger::A);
    CHECK(target.log == "A.B.C.");
}

TEST_CASE("several posts that belong together run together, in their order") {
    TriggerQueue queue;
    Target target{queue};
    {
        const TriggerQueue::Batch batch(queue);
        queue.Post<&Target::OnTrigger>(target, Trigger::A);
        queue.Post<&Target::OnTrigger>(target, Trigger::C);
        CHECK(target.log.empty());
    }
    CHECK(target.log == "A.C.B.C.");
}
