#include "notify/Mailbox.hxx"
#include "notify/Message.hxx"
#include "sys/Error.hxx"
#include "util/Text.hxx"

#include <cstdint>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/random.h>

namespace notify {

namespace {

std::string RandomName() {
    std::array<std::uint64_t, 2> random = {};
    if (getrandom(random.data(), sizeof(random), 0) != sizeof(random))
        throw sys::MakeErrno("the kernel gives no random numbers (getrandom)");
    return fmt::format("@clusterize-notify-{:016x}{:016x}", random[0], random[1]);
}

} // namespace

Mailbox::Mailbox(const Context &_context, const pool::WorkerRef &_worker)
    : context(_context), worker(_worker), name(RandomName()),
      event(_context.loop, loop::Priority::MESSAGES,
            loop::FdEvent::Callback::Make<&Mailbox::OnReadable>(*this)) {
    socket.Bind(*sys::UnixAddress::Parse(name));
    event.Watch(socket.Descriptor(), EPOLLIN);
}

void Mailbox::Read(int most) noexcept {
    for (int i = 0; i < most; i++) {
        // What came with it is closed with it, after it was acted on: who sent BARRIER=1 waits for that.
        const auto datagram = socket.Receive(LONGEST);
        if (!datagram)
            return;
        if (Accepts(*datagram))
            Act(ParseMessage(datagram->text));
    }
}

bool Mailbox::Accepts(const sys::Datagram &datagram) noexcept {
    switch (FindSender(datagram.sender, worker, context.run)) {
    case Sender::WORKER:
        break;
    case Sender::STRANGER:
        Complain(
            Complaint::STRANGER,
            fmt::format("message refused: process {} is none of its processes", datagram.sender));
        return false;
    case Sender::GONE:
        Complain(Complaint::GONE,
                 fmt::format("message refused: process {} has ended before it could be seen whose "
                             "it is; it should wait (systemd-notify without --no-block, "
                             "sd_notify_barrier), or the main process should send",
                             datagram.sender));
        return false;
    }
    if (datagram.truncated)
        Complain(Complaint::TOO_LONG,
                 fmt::format("message refused: longer than {} bytes", LONGEST));
    return !datagram.truncated;
}

void Mailbox::Act(const Message &message) noexcept {
    if (message.main_pid && *message.main_pid != std::to_string(worker.pid))
        Complain(Complaint::MAIN_PID,
                 fmt::format("MAINPID={} refused: the main process stays the one that was started",
                             util::Quote(*message.main_pid)));
    if (message.status && *message.status != status) {
        status = *message.status;
        context.reporter.Say(report::Level::DEBUG,
                             fmt::format("{} says {}", Describe(), util::Quote(status)));
    }
    if (message.extend)
        context.facts.Extend(worker, *message.extend);
    if (message.ready)
        context.facts.Ready(worker, pool::Sign::NOTIFY);
    if (message.stopping) {
        context.reporter.Say(report::Level::DEBUG, Describe() + " says that it stops");
        context.facts.Stopping(worker);
    }
}

void Mailbox::Complain(Complaint kind, std::string_view sentence) noexcept {
    auto &last = complained[static_cast<std::size_t>(kind)];
    if (last && context.loop.Now() - *last < QUIET)
        return;
    last = context.loop.Now();
    context.reporter.Say(report::Level::WARN, fmt::format("{}: {}", Describe(), sentence));
}

std::string Mailbox::Describe() const {
    return fmt::format("worker {} (slot {})", worker.id, worker.slot);
}

} // namespace notify
