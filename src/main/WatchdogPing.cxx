#include "main/WatchdogPing.hxx"

#include <algorithm>
#include <sys/epoll.h>

namespace launcher {

WatchdogPing::WatchdogPing(loop::Loop &loop, const plan::Watchdog &_watchdog)
    : watchdog(_watchdog), timer(std::max(watchdog.patience / 2, std::chrono::microseconds(1))),
      due(loop, loop::Priority::REQUESTS,
          loop::FdEvent::Callback::Make<&WatchdogPing::OnTime>(*this)) {
    due.Watch(timer.Descriptor(), EPOLLIN);
    Ping();
}

void WatchdogPing::OnTime(std::uint32_t) noexcept {
    timer.Clear();
    Ping();
}

} // namespace launcher
