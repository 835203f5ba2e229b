#include "pool/WorkerFactory.hxx"
#include "net/OpenError.hxx"

namespace pool {

std::unique_ptr<Worker> WorkerFactory::Make(WorkerOwner &owner, unsigned slot,
                                            std::optional<unsigned> seat) {
    try {
        WorkerRef ref;
        ref.seat = seat ? *seat : context.table.TakeSeat(slot);
        ref.id = ++last_id;
        ref.slot = slot;
        return std::make_unique<Worker>(context, owner, ref, spec);
    } catch (const net::OpenError &error) {
        context.reporter.Emit(
            report::Error{"listen", error.Error(), error.what(), std::nullopt, slot});
        return nullptr;
    }
}

} // namespace pool
