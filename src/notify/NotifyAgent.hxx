#pragma once

#include "notify/Mailbox.hxx"

#include <map>

namespace notify {

/** Gives each worker a NOTIFY_SOCKET of its own and passes on what comes to it. */
class NotifyAgent final : public pool::Agent {
public:
    /** All are borrowed. */
    explicit NotifyAgent(const Context &_context) noexcept : context(_context) {}

    void Prepare(const pool::WorkerRef &worker, spawn::LaunchSpec &launch) override;
    void NotStarted(const pool::WorkerRef &worker) noexcept override { mailboxes.erase(worker.id); }
    void Forked(const pool::WorkerRef &worker) noexcept override;
    void Gone(const pool::WorkerRef &worker, pool::ExitStatus status) noexcept override;

private:
    const Context context;
    std::map<unsigned, Mailbox> mailboxes; // by the worker's id
};

} // namespace notify
