#pragma once

#include "pool/Agent.hxx"

#include <cstdint>

namespace notify {

/** Who sent a message to the socket of a worker. */
enum class Sender : std::uint8_t {
    WORKER, // the worker, or a process that comes from it
    STRANGER,
    ORPHAN, // a child of the launcher now: its mark tells whose it is
    GONE, // it has ended, and with it the evidence
};

/** By parentage; an orphan of a worker also by its process group or session. */
Sender FindSender(pid_t sender, const pool::WorkerRef &worker) noexcept;

} // namespace notify
