#include "health/AliveProbe.hxx"

namespace health {

void AliveProbe::Started(const pool::WorkerRef &worker, spawn::Launched &) noexcept {
    young.emplace(worker.id, Young{worker, loop.Now() + enough});
    if (!timer.IsPending())
        Arm();
}

void AliveProbe::Gone(const pool::WorkerRef &worker, pool::ExitStatus) noexcept {
    young.erase(worker.id);
    if (young.empty())
        timer.Cancel();
}

void AliveProbe::OnTimer() noexcept {
    while (!young.empty() && young.begin()->second.due <= loop.Now()) {
        const pool::WorkerRef worker = young.begin()->second.worker;
        young.erase(young.begin());
        facts.Ready(worker, pool::Sign::ALIVE);
    }
    Arm();
}

void AliveProbe::Arm() noexcept {
    if (!young.empty())
        timer.ScheduleAt(young.begin()->second.due);
}

} // namespace health
