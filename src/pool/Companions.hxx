#pragma once

#include "pool/ExitStatus.hxx"
#include "util/BoundMethod.hxx"

#include <sys/types.h>

namespace pool {

/** Processes that the launcher starts for itself: no workers, and no search for leftovers takes them
 *  for one. */
class Companions {
public:
    virtual ~Companions() = default;

    /** `pid` is a child of the launcher that was not reaped yet; its end is told once, to whom it
     *  matters. */
    virtual void Accompany(pid_t pid, util::BoundMethod<void(ExitStatus)> on_end) = 0;

    /** The same, and the cluster is not over before it has ended. */
    virtual void Await(pid_t pid, util::BoundMethod<void(ExitStatus)> on_end) = 0;
};

} // namespace pool
