#pragma once

#include "pool/Commands.hxx"

namespace pool {

/** What the pool tells the one who lives by it. */
class PoolObserver {
public:
    virtual ~PoolObserver() = default;

    /** Every slot was ready; once. */
    virtual void OnUp() noexcept = 0;

    /** The cluster begins to stop; once. */
    virtual void OnStop(const StopRequest &request) noexcept = 0;

    /** The time for a voluntary end has passed. */
    virtual void OnStopKill() noexcept = 0;

    /** No slot has a worker or will get one. */
    virtual void OnAllGone() noexcept = 0;
};

} // namespace pool
