#pragma once

#include "pool/Worker.hxx"

#include <memory>
#include <optional>

namespace pool {

/** Makes workers: gives each an id that was never used before, a seat, and the spec that is in
 *  force. */
class WorkerFactory {
public:
    /** `_context` is borrowed. */
    WorkerFactory(const Context &_context, std::shared_ptr<const WorkerSpec> _spec,
                  unsigned _last_id = 0) noexcept
        : context(_context), spec(std::move(_spec)), last_id(_last_id) {}

    /** The id of the youngest worker; 0: there was none. */
    unsigned LastId() const noexcept { return last_id; }

    /** `seat`: the one that the worker is to have; without it, it takes one that is free, if
     *  possible that with the number of the slot. nullptr: the sockets of one more seat could not
     *  be opened; an error event says why. */
    std::unique_ptr<Worker> Make(WorkerOwner &owner, unsigned slot, std::optional<unsigned> seat);

private:
    const Context &context;
    const std::shared_ptr<const WorkerSpec> spec;
    unsigned last_id;
};

} // namespace pool
