#pragma once

#include "pool/ExitStatus.hxx"
#include "pool/Facts.hxx"
#include "spawn/Launcher.hxx"

#include <vector>

namespace pool {

/** What accompanies each worker. The pool knows the interface and none of its implementations.
 *
 *  Calls for one worker: Prepare; then NotStarted, or Forked. After Forked: NotStarted, or Started
 *  and later Gone. Cleared comes last, after Gone or after a NotStarted that followed Forked. */
class Agent {
public:
    virtual ~Agent() = default;

    /** Adds to what the worker finds. Throwing means that the start has failed. */
    virtual void Prepare(const WorkerRef &, spawn::LaunchSpec &) {}

    /** The worker never executed its command. */
    virtual void NotStarted(const WorkerRef &) noexcept {}

    /** There is a process, which has `worker.pid` from here on. */
    virtual void Forked(const WorkerRef &) noexcept {}

    /** The command executes. `launched.notify` belongs to the agent that asked for the filter. */
    virtual void Started(const WorkerRef &, spawn::Launched &) noexcept {}

    /** Its process has ended. */
    virtual void Gone(const WorkerRef &, ExitStatus) noexcept {}

    /** Nothing is left of it, no descendant either. */
    virtual void Cleared(const WorkerRef &) noexcept {}
};

/** All agents, in the order in which they were added. Borrows them. */
class Agents {
public:
    void Add(Agent &agent) { agents.push_back(&agent); }

    /** Calls Prepare; if one throws, those before it learn that nothing came of it. Throws
     *  std::system_error. */
    void Prepare(const WorkerRef &worker, spawn::LaunchSpec &launch) const;
    void NotStarted(const WorkerRef &worker) const noexcept;
    void Forked(const WorkerRef &worker) const noexcept;
    void Started(const WorkerRef &worker, spawn::Launched &launched) const noexcept;
    void Gone(const WorkerRef &worker, ExitStatus status) const noexcept;
    void Cleared(const WorkerRef &worker) const noexcept;

private:
    std::vector<Agent *> agents;
};

} // namespace pool
