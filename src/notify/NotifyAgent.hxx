#pragma once

#include "notify/Mailbox.hxx"

#include <map>

namespace notify {

/** Gives each worker a NOTIFY_SOCKET of its own and passes on its messages. */
class NotifyAgent final : public pool::Agent {
public:
    /** `places`: see Directory. */
    NotifyAgent(const Context &_context, std::vector<std::string> places) noexcept
        : context(_context), directory(std::move(places)) {}

    void Prepare(const pool::WorkerRef &worker, spawn::LaunchSpec &launch) override;
    void NotStarted(const pool::WorkerRef &worker) noexcept override { Remove(worker.id); }
    void Forked(const pool::WorkerRef &worker) noexcept override;
    void Gone(const pool::WorkerRef &worker, pool::ExitStatus status) noexcept override;

    /** At the end of the cluster. */
    void RemoveFiles() noexcept { directory.RemoveAll(); }

private:
    void Remove(unsigned id) noexcept;

    const Context context;
    Directory directory;
    bool has_told = false; // that the names are abstract
    std::map<unsigned, Mailbox> mailboxes; // by the worker's id
};

} // namespace notify
