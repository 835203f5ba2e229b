#include "health/AliveProbe.hxx"

namespace health {

void AliveProbe::Started(const pool::WorkerRef &worker, spawn::Launched &) noexcept {
    young.push_back({worker, loop.Now() + enough});
    if (!timer.IsPending())
        Arm();
}

void AliveProbe::Gone(const pool::WorkerRef &worker, pool::ExitStatus) noexcept {
    std::erase_if(young, [&worker](const Young &one) { return one.worker.id == worker.id; });
    if (young.empty())
        timer.Cancel();
}

void AliveProbe::OnTimer() noexcept {
    while (!young.empty() && young.front().due <= loop.Now()) {
        const pool::WorkerRef worker = young.front().worker;
        young.pop_front();
        facts.Ready(worker, pool::Sign::ALIVE);
    }
    Arm();
}

void AliveProbe::Arm() noexcept {
    if (!young.empty())
        timer.ScheduleAt(young.front().due);
}

} // namespace health
