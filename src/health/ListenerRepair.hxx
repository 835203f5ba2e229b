#pragma once

#include "loop/FdEvent.hxx"
#include "net/ListenerTable.hxx"
#include "pool/Agent.hxx"
#include "report/Reporter.hxx"

#include <set>
#include <unordered_map>
#include <utility>

namespace health {

/** Lets the table repair what workers shut down, and logs it: a warning for the first time by a
 *  worker, an `error` event where it fails. It wakes up for nothing else. */
class ListenerRepair final : public pool::Agent {
public:
    /** All are borrowed; the table tells it of the first listener. */
    ListenerRepair(loop::Loop &loop, report::Reporter &_reporter, net::ListenerTable &_table)
        : reporter(_reporter), table(_table),
          alarm(loop, loop::Priority::REQUESTS,
                loop::FdEvent::Callback::Make<&ListenerRepair::OnAlarm>(*this)) {
        table.OnOpen(util::Bind<&ListenerRepair::OnOpen>(*this));
    }

    void Started(const pool::WorkerRef &worker, spawn::Launched &launched) noexcept override;
    void Gone(const pool::WorkerRef &worker, pool::ExitStatus status) noexcept override;

private:
    void OnOpen() noexcept;
    void OnAlarm(std::uint32_t) noexcept;
    void Say(const net::Repaired &repaired) noexcept;
    void SayFailed(const net::Repaired &repaired, const std::string &who) noexcept;

    report::Reporter &reporter;
    net::ListenerTable &table;
    loop::FdEvent alarm;
    std::unordered_map<unsigned, pool::WorkerRef> workers; // by seat
    std::set<std::pair<unsigned, const net::Listener *>> said; // by seat
};

} // namespace health
