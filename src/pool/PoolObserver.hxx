#pragma once

#include "pool/Commands.hxx"

namespace pool {

/** Receives the states of the cluster. */
class PoolObserver {
public:
    virtual ~PoolObserver() = default;

    /** A worker has become ready. */
    virtual void OnReady() noexcept {}

    /** Every slot was ready; once. */
    virtual void OnUp() noexcept {}

    /** It is to have this many workers from now on. */
    virtual void OnScale(unsigned) noexcept {}

    /** The cluster begins to stop; once. */
    virtual void OnStop(const StopRequest &) noexcept {}

    /** The time for a voluntary end has passed. */
    virtual void OnStopKill() noexcept {}

    /** No slot has a worker or will get one, and something still holds up the end of the
     *  cluster. */
    virtual void OnAllGone() noexcept {}

    /** Has it a process of its own that has to end before the cluster has ended? */
    virtual bool HoldsUp() const noexcept { return false; }
};

} // namespace pool
