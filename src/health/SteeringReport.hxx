#pragma once

#include "loop/TimerEvent.hxx"
#include "net/ListenerTable.hxx"
#include "report/Reporter.hxx"

#include <chrono>
#include <map>
#include <optional>
#include <vector>

namespace health {

/** Tells which workers get the connections of each listener, and why the others get none: an event
 *  `steering` when that has changed. Changes of one moment are one event. */
class SteeringReport {
public:
    /** The least time between two events of a listener: changes of workers and seats, and those
     *  that only a look at the queues has made. */
    static constexpr std::chrono::milliseconds SEATS_PERIOD{100}, QUEUES_PERIOD{1000};

    /** All are borrowed; the table tells it of changes. */
    SteeringReport(loop::Loop &_loop, report::Reporter &_reporter,
                   net::ListenerTable &_table) noexcept
        : loop(_loop), reporter(_reporter), table(_table),
          timer(_loop, util::Bind<&SteeringReport::OnTimer>(*this)) {
        table.OnSteering(
            util::BoundMethod<void(const net::Listener &,
                                   net::Cause)>::Make<&SteeringReport::OnSteering>(*this));
    }

private:
    struct Told {
        std::optional<loop::TimePoint> last, due;
        bool seats = false; // it is due because of more than queues
        std::vector<net::Standing> standings; // as told last
    };

    void OnSteering(const net::Listener &listener, net::Cause cause) noexcept;
    void OnTimer() noexcept;
    void Arm() noexcept;
    void Tell(const net::Listener &listener, Told &told) noexcept;

    loop::Loop &loop;
    report::Reporter &reporter;
    net::ListenerTable &table;
    std::map<unsigned, Told> listeners; // by serial number
    loop::TimerEvent timer;
};

} // namespace health
