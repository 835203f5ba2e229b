#pragma once

#include <string_view>

namespace pool {

/** Somebody wants the cluster to end. */
struct StopRequest {
    enum class Kind { GRACEFUL, QUICK } kind; // QUICK: without --stop-delay
    std::string_view reason; // for the event; a literal
    int signo = 0; // the signal that asked, 0: none did
    bool workers_have_it = false; // the terminal has sent it to the workers as well
};

/** What signals (and later the control socket) may ask of the pool. */
class Commands {
public:
    virtual ~Commands() = default;

    /** Once more, a second or longer after the first: SIGKILL now. */
    virtual void Stop(const StopRequest &request) noexcept = 0;

    /** The signal to the main process of every worker, once. */
    virtual void Relay(int signo) noexcept = 0;

    /** Are its workers replaced, or are they jobs? Jobs may become a serving cluster. */
    virtual bool IsServing() const noexcept = 0;

    /** Children have ended. */
    virtual void Reap() noexcept = 0;
};

} // namespace pool
