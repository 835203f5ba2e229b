#pragma once

#include "net/Listener.hxx"
#include "pool/ReadyRule.hxx"
#include "pool/WorkerRef.hxx"

#include <chrono>

namespace pool {

/** How it shows that a worker listens on a socket of the cluster. */
enum class How : std::uint8_t {
    ADOPTED, // by a bind or listen of its own
    HANDED, // on a socket that it was handed
};

/** What agents and probes tell the pool about workers. A reference to a worker that is gone is
 *  ignored. */
class Facts {
public:
    virtual ~Facts() = default;

    /** A sign that it is ready; whether that counts is the rule's. */
    virtual void Ready(const WorkerRef &worker, Sign sign) noexcept = 0;

    /** It listens there; the only call that says so. The listener learns of it, too, and a socket
     *  that was shut down listens again. A TCP socket that was ADOPTED makes a serving cluster of
     *  jobs, and so does a unix socket if another worker listens on it, too. It counts as
     *  Sign::LISTEN. Callers may repeat it. Returns 0, or the errno with which the kernel refuses
     *  that the socket listens again. */
    virtual int Listening(const WorkerRef &worker, net::Listener &listener, How how) noexcept = 0;

    /** It listens on a socket of its own in place of an address of --exclusive, for which it asked
     *  with `at`. */
    virtual void ListeningAlone(const WorkerRef &worker, const net::Endpoint &at) noexcept = 0;

    /** Has every slot a worker that is ready, so that none is to come? */
    virtual bool IsComplete() const noexcept = 0;

    /** Is it still there, and nothing has made it ready yet? */
    virtual bool IsStarting(const WorkerRef &worker) const noexcept = 0;

    /** It says that it is about to end: it gets no new connections. */
    virtual void Stopping(const WorkerRef &worker) noexcept = 0;

    /** It asks for time, to become ready or to end: at least this much from now. */
    virtual void Extend(const WorkerRef &worker, std::chrono::milliseconds time) noexcept = 0;
};

} // namespace pool
