#pragma once

#include "loop/FdEvent.hxx"
#include "plan/Watchdog.hxx"
#include "sys/IntervalTimer.hxx"

namespace launcher {

/** Shows a service manager that the launcher's loop turns: WATCHDOG=1 at once, and then twice in
 *  the time after which the service manager would end the launcher. A stopped launcher pings as
 *  soon as it runs again. */
class WatchdogPing {
public:
    /** Throws std::system_error. */
    WatchdogPing(loop::Loop &loop, const plan::Watchdog &_watchdog);

private:
    void OnTime(std::uint32_t) noexcept;

    /** One that is lost is made good by the next. */
    void Ping() noexcept { (void)socket.Send(watchdog.address, "WATCHDOG=1"); }

    const plan::Watchdog watchdog;
    sys::UnixDatagram socket;
    sys::IntervalTimer timer;
    loop::FdEvent due;
};

} // namespace launcher
