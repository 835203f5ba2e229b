#include "notify/NotifyAgent.hxx"

#include <unistd.h>

namespace notify {

void NotifyAgent::Prepare(const pool::WorkerRef &worker, spawn::LaunchSpec &launch) {
    constexpr std::string_view VARIABLE = "NOTIFY_SOCKET";
    if (launch.env.Find(VARIABLE)) // --env: the user's own word
        return;
    Directory::Socket socket = directory.Open();
    if (!directory.Lacks().empty() && !has_told) {
        context.reporter.Say(report::Level::DEBUG,
                             "NOTIFY_SOCKET is an abstract name, which every process of the "
                             "network namespace can see: " +
                                 directory.Lacks());
        has_told = true;
    }
    launch.env.Set(VARIABLE, socket.name);
    const uid_t user = launch.ids.uid.value_or(geteuid());
    mailboxes.try_emplace(worker.id, context, worker, user, std::move(socket));
}

void NotifyAgent::Forked(const pool::WorkerRef &worker) noexcept {
    if (const auto mailbox = mailboxes.find(worker.id); mailbox != mailboxes.end())
        mailbox->second.SetPid(worker.pid);
}

void NotifyAgent::Gone(const pool::WorkerRef &worker, pool::ExitStatus) noexcept {
    if (const auto mailbox = mailboxes.find(worker.id); mailbox != mailboxes.end())
        mailbox->second.ReadRest();
    Remove(worker.id);
}

void NotifyAgent::Remove(unsigned id) noexcept {
    const auto mailbox = mailboxes.extract(id);
    if (!mailbox.empty())
        directory.Remove(mailbox.mapped().Name());
}

} // namespace notify
