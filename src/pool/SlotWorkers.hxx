#pragma once

#include "loop/DeferEvent.hxx"
#include "pool/Worker.hxx"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace pool {

/** The workers of one slot: the current one, a successor while that is being replaced, and any
 *  number of them that are leaving. It owns them. One that is gone is destroyed in the next turn of
 *  the loop, because it may be in the middle of one of its own functions. */
class SlotWorkers {
public:
    explicit SlotWorkers(loop::Loop &loop) noexcept
        : tidy(loop, util::Bind<&SlotWorkers::OnTidy>(*this)) {}

    /** Those that are not gone. */
    struct Description {
        std::optional<Worker::Description> current, successor;
        std::vector<Worker::Description> leaving;

        friend bool operator==(const Description &, const Description &) noexcept = default;
    };

    SlotWorkers(const Description &made, const Context &context, WorkerOwner &owner);
    Description Describe() const;

    /** nullptr if there is none. */
    Worker *Current() const noexcept { return current.get(); }
    Worker *Successor() const noexcept { return successor.get(); }

    /** nullptr: it is gone. */
    Worker *Find(unsigned id) const noexcept;

    std::vector<Worker *> All() const;
    bool IsEmpty() const noexcept { return !current && !successor && leaving.empty(); }

    void SetCurrent(std::unique_ptr<Worker> worker) noexcept { current = std::move(worker); }
    void SetSuccessor(std::unique_ptr<Worker> worker) noexcept { successor = std::move(worker); }

    /** The successor becomes the current worker. Returns the old one, which is among those that
     *  leave now; nullptr if it is gone already. */
    Worker *Swap();

    enum class Part : std::uint8_t { CURRENT, SUCCESSOR, LEAVING };

    /** Of one that is here. */
    Part PartOf(const Worker &worker) const noexcept;

    /** It is gone. */
    void Remove(const Worker &worker);

private:
    void OnTidy() noexcept { removed.clear(); }

    std::unique_ptr<Worker> current, successor;
    std::vector<std::unique_ptr<Worker>> leaving, removed;
    loop::DeferEvent tidy;
};

} // namespace pool
