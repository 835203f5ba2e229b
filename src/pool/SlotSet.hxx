#pragma once

#include "pool/Slot.hxx"

#include <memory>
#include <string>
#include <vector>

namespace pool {

/** The slots by number. Those beyond Wanted() are on their way out. */
class SlotSet {
public:
    SlotSet(const Context &_context, SlotOwner &_owner) noexcept
        : context(_context), owner(_owner) {}

    /** How many there are to be. */
    unsigned Wanted() const noexcept { return wanted; }

    /** Adds idle slots, or lets those with the highest numbers retire. Call Tidy() after one of
     *  them has finished. */
    void SetWanted(unsigned count);

    /** Removes slots that have retired, and makes new ones in their place if they are wanted again.
     *  Not from within one of their own functions. */
    void Tidy();

    const std::vector<std::unique_ptr<Slot>> &All() const noexcept { return slots; }

    /** nullptr: there is none, or the worker is gone. */
    Slot *Find(unsigned index) const noexcept;
    Worker *Find(const WorkerRef &worker) const noexcept;

    /** The first one that was never started; nullptr: there is none. */
    Slot *FirstIdle() const noexcept;

    /** Has every slot a worker that is ready? */
    bool AreReady() const noexcept;

    /** Are all over? */
    bool AreFinished() const noexcept;

    /** Is there a slot that serves, or that has not failed? */
    bool HaveHope() const noexcept;

    /** Is there a worker with a process? */
    bool HaveProcesses() const noexcept;

    /** "1 of 3 slots serves; slots 1, 2 failed: exit status 1"; empty as long as a slot has neither
     *  a ready worker nor failed, or if all are alike. */
    std::string DescribeHalf() const;

    /** The slot that failed last; those that have not failed come before it. There is one. */
    const Slot &LastFailed() const noexcept;

private:
    const Context &context;
    SlotOwner &owner;
    unsigned wanted = 0;
    std::vector<std::unique_ptr<Slot>> slots;
};

} // namespace pool
