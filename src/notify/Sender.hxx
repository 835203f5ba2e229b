#pragma once

#include "pool/Agent.hxx"

#include <cstdint>
#include <sys/types.h>

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

/** Is this root, or the user that the worker was started as (`first`) or is now? The name of the
 *  socket is a secret of the worker's processes, so that this is evidence enough for a process
 *  that has ended. */
bool IsTrusted(uid_t user, const pool::WorkerRef &worker, uid_t first) noexcept;

} // namespace notify
