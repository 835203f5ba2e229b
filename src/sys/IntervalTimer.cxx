#include "sys/IntervalTimer.hxx"
#include "sys/Error.hxx"

#include <cstdint>
#include <sys/timerfd.h>
#include <unistd.h>

namespace sys {

IntervalTimer::IntervalTimer(std::chrono::microseconds interval)
    : fd(AdoptTag(), timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(interval);
    const std::chrono::nanoseconds rest = interval - seconds;
    const timespec time = {seconds.count(), rest.count()};
    const itimerspec setting = {time, time};
    if (!fd.IsDefined() || timerfd_settime(fd.Get(), 0, &setting, nullptr) != 0)
        throw MakeErrno("cannot create a timer descriptor");
}

void IntervalTimer::Clear() noexcept {
    std::uint64_t count = 0;
    (void)!read(fd.Get(), &count, sizeof(count));
}

} // namespace sys
