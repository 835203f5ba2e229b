#pragma once

#include "sys/UniqueFd.hxx"

#include <chrono>

namespace sys {

/** A descriptor that becomes readable again and again, see timerfd_create(2). It counts the time in
 *  which the process was stopped, unlike loop::TimerEvent. */
class IntervalTimer {
public:
    /** The first time after one interval, which is not zero. Throws std::system_error. */
    explicit IntervalTimer(std::chrono::microseconds interval);

    Fd Descriptor() const noexcept { return fd; }

    /** It is not readable until the next time. */
    void Clear() noexcept;

private:
    UniqueFd fd;
};

} // namespace sys
