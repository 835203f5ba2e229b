#include "notify/NotifyAgent.hxx"

namespace notify {

void NotifyAgent::Prepare(const pool::WorkerRef &worker, spawn::LaunchSpec &launch) {
    constexpr std::string_view VARIABLE = "NOTIFY_SOCKET";
    if (launch.env.Find(VARIABLE)) // --env: the user's own word
        return;
    const auto [mailbox, is_new] = mailboxes.try_emplace(worker.id, context, worker);
    launch.env.Set(VARIABLE, mailbox->second.Name());
}

void NotifyAgent::Forked(const pool::WorkerRef &worker) noexcept {
    if (const auto mailbox = mailboxes.find(worker.id); mailbox != mailboxes.end())
        mailbox->second.SetPid(worker.pid);
}

void NotifyAgent::Gone(const pool::WorkerRef &worker, pool::ExitStatus) noexcept {
    const auto mailbox = mailboxes.find(worker.id);
    if (mailbox == mailboxes.end())
        return;
    mailbox->second.ReadRest();
    mailboxes.erase(mailbox);
}

} // namespace notify
