#pragma once

#include "loop/Loop.hxx"
#include "util/BoundMethod.hxx"

namespace loop {

/** Calls once, before the loop waits the next time: for work that a handler must not do on the
 *  spot, such as destroying its own owner, or that is to let signals in between. */
class DeferEvent {
public:
    DeferEvent(Loop &_loop, util::BoundMethod<void()> _callback) noexcept
        : loop(_loop), callback(_callback) {}
    ~DeferEvent() noexcept { Cancel(); }

    DeferEvent(const DeferEvent &) = delete;
    DeferEvent &operator=(const DeferEvent &) = delete;

    void Schedule();
    void Cancel() noexcept;
    bool IsPending() const noexcept { return pending; }

private:
    friend class Loop;

    Loop &loop;
    const util::BoundMethod<void()> callback;
    bool pending = false;
};

} // namespace loop
