#include "pool/AliveAgent.hxx"

namespace pool {

void AliveAgent::Started(const WorkerRef &worker, spawn::Launched &) noexcept {
    young.emplace(worker.id, Young{worker, loop.Now() + enough});
    if (!timer.IsPending())
        Arm();
}

void AliveAgent::Gone(const WorkerRef &worker, ExitStatus) noexcept {
    young.erase(worker.id);
    if (young.empty())
        timer.Cancel();
}

void AliveAgent::OnTimer() noexcept {
    while (!young.empty() && young.begin()->second.due <= loop.Now()) {
        const WorkerRef worker = young.begin()->second.worker;
        young.erase(young.begin());
        facts.Ready(worker, Sign::ALIVE);
    }
    Arm();
}

void AliveAgent::Arm() noexcept {
    if (!young.empty())
        timer.ScheduleAt(young.begin()->second.due);
}

} // namespace pool
