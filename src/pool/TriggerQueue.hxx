#pragma once

#include "util/BoundMethod.hxx"

#include <cstdint>
#include <deque>

namespace pool {

/** Triggers of workers and slots, in the order in which they were posted. A trigger that is posted
 *  while the action of another one runs comes after that action, never within it; posted from
 *  outside it runs at once, and with it everything that it leads to. So an object may be destroyed
 *  in a deferred call: the queue is empty then. */
class TriggerQueue {
public:
    using Target = util::BoundMethod<void(std::uint8_t)>;

    template <auto Method, typename Object, typename Trigger>
    void Post(Object &object, Trigger trigger) noexcept {
        Push(Target::Make<Method>(object), static_cast<std::uint8_t>(trigger));
    }

    /** Holds back what is posted as long as it lives, then runs it: for several posts that belong
     *  together. */
    class Batch {
    public:
        explicit Batch(TriggerQueue &_queue) noexcept : queue(_queue) { queue.depth++; }
        ~Batch() noexcept { queue.Leave(); }
        Batch(const Batch &) = delete;
        Batch &operator=(const Batch &) = delete;

    private:
        TriggerQueue &queue;
    };

private:
    struct Entry {
        Target target;
        std::uint8_t trigger;
    };

    void Push(Target target, std::uint8_t trigger) noexcept;
    void Leave() noexcept;

    std::deque<Entry> entries;
    unsigned depth = 0; // batches and actions that are under way
};

} // namespace pool
