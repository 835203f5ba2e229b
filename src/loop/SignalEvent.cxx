#include "loop/SignalEvent.hxx"

#include <sys/epoll.h>

namespace loop {

SignalEvent::SignalEvent(Loop &loop, const sigset_t &signals, Callback _callback)
    : signal_fd(signals), callback(_callback),
      event(loop, Priority::SIGNALS, FdEvent::Callback::Make<&SignalEvent::OnReadable>(*this)) {
    event.Watch(signal_fd.Descriptor(), EPOLLIN);
}

void SignalEvent::OnReadable(std::uint32_t) noexcept {
    callback(signal_fd.ReadAll());
}

} // namespace loop
