#include "pool/Agent.hxx"

namespace pool {

void Agents::Prepare(const WorkerRef &worker, spawn::LaunchSpec &launch) const {
    std::size_t prepared = 0;
    try {
        for (; prepared < agents.size(); prepared++)
            agents[prepared]->Prepare(worker, launch);
    } catch (...) {
        for (std::size_t i = 0; i < prepared; i++)
            agents[i]->NotStarted(worker);
        throw;
    }
}

void Agents::NotStarted(const WorkerRef &worker) const noexcept {
    for (Agent *agent : agents)
        agent->NotStarted(worker);
}

void Agents::Forked(const WorkerRef &worker) const noexcept {
    for (Agent *agent : agents)
        agent->Forked(worker);
}

void Agents::Started(const WorkerRef &worker, spawn::Launched &launched) const noexcept {
    for (Agent *agent : agents)
        agent->Started(worker, launched);
}

void Agents::Gone(const WorkerRef &worker, ExitStatus status) const noexcept {
    for (Agent *agent : agents)
        agent->Gone(worker, status);
}

void Agents::Cleared(const WorkerRef &worker) const noexcept {
    for (Agent *agent : agents)
        agent->Cleared(worker);
}

} // namespace pool
