#pragma once

#include "loop/FdEvent.hxx"
#include "sys/SignalFd.hxx"

namespace loop {

/** Calls with all signals of one turn, the lowest number first. Blocks them for the process. */
class SignalEvent {
public:
    using Callback = util::BoundMethod<void(const std::vector<signalfd_siginfo> &)>;

    /** Throws std::system_error. */
    SignalEvent(Loop &loop, const sigset_t &signals, Callback callback);

private:
    void OnReadable(std::uint32_t events) noexcept;

    sys::SignalFd signal_fd;
    const Callback callback;
    FdEvent event;
};

} // namespace loop
