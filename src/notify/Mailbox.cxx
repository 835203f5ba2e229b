#include "notify/Mailbox.hxx"
#include "notify/Message.hxx"
#include "report/WorkerName.hxx"
#include "util/Text.hxx"

#include <fmt/format.h>

namespace notify {

namespace {

std::optional<std::uint64_t> StartOf(pid_t pid) noexcept {
    const auto orphan = pool::Orphan::Look(pid);
    return orphan ? std::optional(orphan->name.start) : std::nullopt;
}

} // namespace

Mailbox::Mailbox(const Context &_context, const pool::WorkerRef &_worker, uid_t _user,
                 Directory::Socket socket)
    : context(_context), worker(_worker), user(_user), name(std::move(socket.name)),
      peer(_context.peer, *this, _worker.id, std::move(socket.socket), peer::Kind::DATAGRAM,
           LIMITS) {}

Mailbox::Mailbox(const Context &_context, const Description &made)
    : context(_context), worker(made.worker), user(made.user), name(made.name), status(made.status),
      peer(_context.peer, *this, made.worker.id, made.peer, peer::Kind::DATAGRAM, LIMITS) {}

Mailbox::~Mailbox() noexcept {
    if (held)
        context.marks.Cancel(held->ticket);
}

peer::MessageHandler::Progress Mailbox::OnMessage(const peer::Message &message) noexcept {
    switch (FindSender(message.sender, worker)) {
    case Sender::WORKER:
        Accept(message.text, message.truncated);
        break;
    case Sender::STRANGER:
        Refuse(message.sender);
        break;
    case Sender::ORPHAN:
        held = Held{std::string(message.text), message.sender,          message.user,
                    message.truncated,         StartOf(message.sender), 0};
        held->ticket =
            context.marks.Send(message.sender, pool::Marks::Answer::Make<&Mailbox::OnMark>(*this));
        return Progress::LATER;
    case Sender::GONE:
        JudgeEnded(message);
        break;
    }
    return Progress::DONE;
}

void Mailbox::OnMark(const pool::Mark &mark) noexcept {
    const Held message = std::move(*held);
    held.reset();
    const bool is_same = message.start && StartOf(message.sender) == message.start;
    if (!is_same)
        JudgeEnded({message.text, message.truncated, message.sender, message.user});
    else if (mark.is_ours && mark.worker == worker.id)
        Accept(message.text, message.truncated);
    else
        Refuse(message.sender);
    peer.Done();
}

void Mailbox::Refuse(pid_t sender) noexcept {
    Complain(Complaint::STRANGER,
             fmt::format("message refused: process {} is none of its processes", sender));
}

/** A short-lived process, such as systemd-notify before version 246, or socat: only its user is
 *  known. */
void Mailbox::JudgeEnded(const peer::Message &message) noexcept {
    if (IsTrusted(message.user, worker, user))
        return Accept(message.text, message.truncated);
    Complain(Complaint::GONE,
             fmt::format("message refused: process {} of user {} has ended before it could be seen "
                         "whose it is; it should wait (systemd-notify without --no-block, "
                         "sd_notify_barrier), or the main process should send",
                         message.sender, message.user));
}

void Mailbox::Accept(std::string_view text, bool truncated) noexcept {
    if (truncated)
        Complain(Complaint::TOO_LONG,
                 fmt::format("message refused: longer than {} bytes", LIMITS.message));
    else
        Act(ParseMessage(text));
}

void Mailbox::Act(const Message &message) noexcept {
    if (message.main_pid && *message.main_pid != std::to_string(worker.pid))
        Complain(Complaint::MAIN_PID,
                 fmt::format("MAINPID={} refused: the main process stays the one that was started",
                             util::Quote(*message.main_pid)));
    if (message.status && *message.status != status) {
        status = *message.status;
        context.reporter.Say(report::Level::DEBUG, fmt::format("{} says {}", report::NameOf(worker),
                                                               util::Quote(status)));
    }
    if (message.extend)
        context.facts.Extend(worker, *message.extend);
    if (message.ready)
        context.facts.Ready(worker, pool::Sign::NOTIFY);
    if (message.stopping) {
        context.reporter.Say(report::Level::DEBUG, report::NameOf(worker) + " says that it stops");
        context.facts.Stopping(worker);
    }
}

void Mailbox::Complain(Complaint kind, std::string_view sentence) noexcept {
    auto &last = complained[static_cast<std::size_t>(kind)];
    const loop::TimePoint now = context.peer.loop.Now();
    if (last && now - *last < QUIET)
        return;
    last = now;
    context.reporter.Say(report::Level::WARN,
                         fmt::format("{}: {}", report::NameOf(worker), sentence));
}

} // namespace notify
