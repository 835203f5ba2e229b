#pragma once

#include "loop/Loop.hxx"
#include "net/ListenerTable.hxx"
#include "pool/Agent.hxx"
#include "pool/OomCheck.hxx"
#include "pool/WorkerSpec.hxx"
#include "spawn/Start.hxx"
#include "sys/Process.hxx"

#include <memory>
#include <string>
#include <variant>

namespace pool {

/** Turns a worker's spec into a process: sockets of its seat, what the agents add, environment,
 *  descriptors, fork. spawn::Start reports how the start goes. */
class Starter {
public:
    /** When the cluster starts, this many children may be on their way to their command at once.
     *  More would wait for a processor anyway, and each has a descriptor of the launcher. */
    static constexpr unsigned MOST_UNDER_WAY = 16;

    /** All are borrowed. `on_room` is called when HasRoom() has become true. */
    Starter(loop::Loop &_loop, spawn::Launcher &_launcher, net::ListenerTable &_table,
            const Agents &_agents, OomCheck &_oom, util::BoundMethod<void()> _on_room) noexcept
        : loop(_loop), launcher(_launcher), table(_table), agents(_agents), oom(_oom),
          on_room(_on_room) {}

    /** A start that has not even led to a process. */
    struct Failed {
        spawn::LaunchFailure failure;
        std::string message; // for people
    };

    struct Begun {
        sys::Process process;
        std::unique_ptr<spawn::Start> start;
    };

    /** How many workers the cluster is to have, which each new one sees. */
    void SetWorkerCount(unsigned count) noexcept { worker_count = count; }

    /** Forks; `worker` gets its pid. */
    std::variant<Begun, Failed> Start(WorkerRef &worker, const WorkerSpec &spec,
                                      util::BoundMethod<void()> on_settled) noexcept;

    /** One of the starts is over: the command executes, or it failed. */
    void Settled(bool executes) noexcept;

    /** Before a first start has succeeded there is one at a time: a command that cannot be executed
     *  fails once and not for each worker. */
    bool HasRoom() const noexcept { return under_way < (has_succeeded ? MOST_UNDER_WAY : 1); }

private:
    loop::Loop &loop;
    spawn::Launcher &launcher;
    net::ListenerTable &table;
    const Agents &agents;
    OomCheck &oom;
    const util::BoundMethod<void()> on_room;
    sys::UniqueFd null_device; // opened for the first worker that needs it
    unsigned under_way = 0, worker_count = 0;
    bool has_succeeded = false;
};

} // namespace pool
