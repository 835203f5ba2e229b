#pragma once

#include "report/Reporter.hxx"
#include "sys/UnixDatagram.hxx"

#include <set>
#include <string>

namespace report {

/** Tells whoever started the launcher and set NOTIFY_SOCKET how the cluster as a whole does: a
 *  STATUS= with each change, READY=1 when it is up, STOPPING=1 when it stops. See sd_notify(3). */
class SystemdSink final : public Sink {
public:
    /** `_reporter` is borrowed: what cannot be said is said there, once. Throws
     *  std::system_error. */
    SystemdSink(const sys::UnixAddress &_address, Reporter &_reporter)
        : address(_address), reporter(_reporter) {}

    void Emit(const Event &event, WallTime time) noexcept override;
    void Finish() noexcept override;

private:
    void Tell() noexcept;

    const sys::UnixAddress address;
    Reporter &reporter;
    sys::UnixDatagram socket;
    bool serving = false; // jobs say nothing
    unsigned workers = 0;
    std::set<unsigned> ready; // slots
    std::string due; // the lines beside STATUS= that were not sent yet
    bool behind = false; // the last message was not sent
    bool complained = false;
};

} // namespace report
