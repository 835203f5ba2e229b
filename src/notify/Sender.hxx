#pragma once

#include "pool/Agent.hxx"

#include <cstdint>
#include <string>

namespace notify {

/** Who sent a message to the socket of a worker. */
enum class Sender : std::uint8_t {
    WORKER, // the worker, or a process that comes from it
    STRANGER,
    GONE, // it has ended, and with it what would tell
};

/** By parentage; an orphan of a worker, whose parent is the launcher now, by its environment or its
 *  process group. `run`: CLUSTERIZE_RUN. */
Sender FindSender(pid_t sender, const pool::WorkerRef &worker, const std::string &run);

} // namespace notify
