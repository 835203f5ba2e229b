#pragma once

#include "util/BoundMethod.hxx"

#include <string_view>

namespace pool {

/** Somebody wants a worker, a slot or the whole cluster to end. */
struct StopRequest {
    enum class Kind { GRACEFUL, QUICK } kind; // QUICK: without --stop-delay
    std::string_view reason; // for the event; a literal
    int signo = 0; // the signal that asked, 0: none did
    bool workers_have_it = false; // `signo` was sent to the launcher's whole process group
    bool impatient = false; // the same was asked for long enough ago: kill now
};

/** A signal that is passed on to every worker. */
struct RelayRequest {
    int signo;
    bool group_has_it = false; // it was sent to the launcher's whole process group
    bool only_handlers = false; // not to a worker that it would end, or to Node's debugger
};

/** Called once: true if the successor has taken over, false if the worker stays that was there. */
using Replaced = util::BoundMethod<void(bool)>;

/** What signals (and later the control socket) may ask of the pool. */
class Commands {
public:
    virtual ~Commands() = default;

    /** Stops the cluster. Once more, a second or longer after the first: SIGKILL now. */
    virtual void Stop(const StopRequest &request) noexcept = 0;

    /** The signal to every worker, once. */
    virtual void Relay(const RelayRequest &request) noexcept = 0;

    /** Are its workers replaced, or are they jobs? Jobs may become a serving cluster. */
    virtual bool IsServing() const noexcept = 0;

    /** Children have ended. */
    virtual void Reap() noexcept = 0;

    /** Changes the number of slots, at least 1: new ones start, those with the highest numbers
     *  retire. */
    virtual void Scale(unsigned wanted) noexcept = 0;

    /** Gives the worker of a slot a successor: the new one first, then the old one leaves. */
    virtual void Replace(unsigned slot, Replaced done) noexcept = 0;
};

} // namespace pool
