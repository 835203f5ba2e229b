#include "report/WorkerName.hxx"

#include <fmt/format.h>

namespace report {

std::string NameOf(const WorkerInfo &worker) {
    return fmt::format("worker {} (slot {})", worker.id, worker.slot);
}

std::string NameWithPid(const WorkerInfo &worker) {
    return fmt::format("worker {} (slot {}, pid {})", worker.id, worker.slot, worker.pid);
}

} // namespace report
