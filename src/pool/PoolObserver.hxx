#pragma once

#include "pool/Commands.hxx"

namespace pool {

/** What the pool tells those who live by it. */
class PoolObserver {
public:
    virtual ~PoolObserver() = default;

    /** Every slot was ready; once. */
    virtual void OnUp() noexcept {}

    /** The cluster begins to stop; once. */
    virtual void OnStop(const StopRequest &) noexcept {}

    /** The time for a voluntary end has passed. */
    virtual void OnStopKill() noexcept {}

    /** No slot has a worker or will get one. */
    virtual void OnAllGone() noexcept {}
};

} // namespace pool
