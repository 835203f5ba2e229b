#pragma once

#include "net/ListenSpec.hxx"
#include "pool/ExitStatus.hxx"
#include "pool/ReadyRule.hxx"
#include "spawn/Launcher.hxx"

#include <chrono>

namespace pool {

/** Names one worker; `id` is never used again, so a stale one names nobody. */
struct WorkerRef {
    unsigned id = 0, slot = 0, generation = 1;
    pid_t pid = 0;
};

/** What agents tell the pool. */
class Facts {
public:
    virtual ~Facts() = default;

    /** A sign that it is ready; whether that counts is the rule's. Makes ready who is starting. */
    virtual void Ready(const WorkerRef &worker, Sign sign) noexcept = 0;

    /** It listens there: the address as it sees it. `adopted`: by a bind or listen of its own, else on a
     *  socket that it was handed. Makes a serving cluster of jobs where it is an adopted TCP socket, and is
     *  Sign::LISTEN. May be told more than once. */
    virtual void Listening(const WorkerRef &worker, const net::Endpoint &at,
                           bool adopted) noexcept = 0;

    /** Has every slot a worker that is ready, so that none is to come? */
    virtual bool IsComplete() const noexcept = 0;

    /** Is it still there, and nothing has made it ready yet? */
    virtual bool IsStarting(const WorkerRef &worker) const noexcept = 0;

    /** It says that it is about to end: nobody new goes to it. */
    virtual void Stopping(const WorkerRef &worker) noexcept = 0;

    /** It asks for time, to become ready or to end: at least so much from now. */
    virtual void Extend(const WorkerRef &worker, std::chrono::milliseconds time) noexcept = 0;
};

/** What accompanies each worker. The pool knows the interface and none of its implementations. */
class Agent {
public:
    virtual ~Agent() = default;

    /** Adds to what the worker finds. Throwing means that the launch has failed. */
    virtual void Prepare(const WorkerRef &, spawn::LaunchSpec &) {}

    /** The launch failed after Prepare(), here or in an agent after this one; no Started() or Gone() follows. */
    virtual void NotStarted(const WorkerRef &) noexcept {}

    /** `launched.notify` belongs to the agent that asked for the filter: it takes it out. */
    virtual void Started(const WorkerRef &worker, spawn::Launched &launched) noexcept = 0;
    virtual void Gone(const WorkerRef &worker, ExitStatus status) noexcept = 0;
};

} // namespace pool
