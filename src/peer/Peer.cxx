#include "peer/Peer.hxx"
#include "sys/CloseElsewhere.hxx"
#include "sys/UnixDatagram.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

namespace peer {

namespace {

constexpr unsigned LATE_TWICE = 2;
constexpr unsigned MOST_UNREAD = 64; // that a destructor reads itself

/** False before Linux 6.16. */
bool RefuseDescriptors(sys::Fd socket) noexcept {
    const int no = 0;
    return setsockopt(socket.Get(), SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof(no)) == 0;
}

/** Receives the first datagram. Its descriptors are closed here. */
void ReceiveAndClose(const sys::Parcel &request, sys::Parcel &) noexcept {
    for (const sys::UniqueFd &socket : request.descriptors)
        sys::ReceiveDatagram(socket, 1, sys::Wait::NO);
}

template <typename Call> ssize_t Repeat(const Call &call) noexcept {
    ssize_t result = 0;
    do
        result = call();
    while (result < 0 && errno == EINTR);
    return result;
}

} // namespace

struct Peer::Look {
    std::size_t length; // of a datagram that is longer than the buffer: its own
    pid_t sender;
    uid_t user;
    bool has_descriptors;
};

Peer::Peer(const Context &_context, MessageHandler &_handler, unsigned _client,
           sys::UniqueFd _socket, Kind _kind, const Limits &_limits)
    : context(_context), handler(_handler), client(_client), kind(_kind), limits(_limits),
      socket(std::move(_socket)), event(_context.loop, loop::Priority::MESSAGES,
                                        loop::FdEvent::Callback::Make<&Peer::OnReady>(*this)),
      turn(_context.loop, util::Bind<&Peer::Resume>(*this)),
      retry(_context.loop, util::Bind<&Peer::OnRetry>(*this)) {
    if (kind == Kind::STREAM)
        RefuseDescriptors(socket);
    event.Watch(socket, EPOLLIN | EPOLLONESHOT);
}

Peer::Peer(const Context &_context, MessageHandler &_handler, unsigned _client,
           const Description &made, Kind _kind, const Limits &_limits)
    : Peer(_context, _handler, _client, sys::Reclaim(made.socket), _kind, _limits) {
    buffer = made.incoming;
    outgoing = made.outgoing;
    was_told = made.was_told;
    ended = made.ended;
    late = made.late;
    if (ended)
        event.Cancel();
    else
        turn.Schedule(); // text that was read before makes no descriptor ready
}

Peer::Description Peer::Describe() const {
    return {socket.Get(), kind == Kind::STREAM ? buffer : std::string(), outgoing, was_told, ended,
            late};
}

Peer::~Peer() noexcept {
    event.Cancel();
    if (consuming)
        context.errands.Cancel(*consuming);
    // Nothing comes in any more, so that an empty queue stays empty.
    shutdown(socket.Get(), SHUT_RD);
    if (!HasEmptied()) {
        std::vector<sys::UniqueFd> last;
        last.push_back(std::move(socket));
        sys::CloseElsewhere(std::move(last), context.forked);
    }
}

/** Throws away what is unread; false: there is a message with descriptors, or there are very
 *  many. */
bool Peer::HasEmptied() noexcept {
    for (unsigned i = 0; i < MOST_UNREAD; i++) {
        const auto look = Peek(limits.message);
        if (!look || (look->length == 0 && kind == Kind::STREAM))
            return true;
        if (look->has_descriptors)
            return false;
        Consume(std::min(look->length, limits.message));
    }
    return false;
}

void Peer::OnReady(std::uint32_t events) noexcept {
    if ((events & EPOLLOUT) != 0)
        Flush();
    Turn(limits.a_turn);
    Rearm();
}

void Peer::Turn(unsigned most) noexcept {
    for (unsigned i = 0; i < most; i++) {
        if (waits || consuming || retry.IsPending() || ended)
            return;
        if (!(kind == Kind::DATAGRAM ? TakeDatagram() : TakeLine()))
            return;
    }
    // A line that was read before makes no descriptor ready.
    if (kind == Kind::STREAM && !buffer.empty() && !turn.IsPending())
        turn.Schedule();
}

/** False: there is none. */
bool Peer::TakeDatagram() noexcept {
    const auto look = Peek(limits.message);
    if (!look)
        return false;
    has_descriptors = look->has_descriptors;
    const std::size_t length = std::min(look->length, limits.message);
    const bool again = std::exchange(was_told, false);
    if (again || Tell({std::string_view(buffer).substr(0, length), look->length > length,
                       look->sender, look->user}))
        has_descriptors ? ConsumeElsewhere() : Consume(length);
    return true;
}

bool Peer::TakeLine() noexcept {
    auto end = buffer.find('\n');
    while (end == std::string::npos) {
        if (buffer.size() > limits.message)
            Finish(End::TOO_LONG);
        if (ended || !ReadStream())
            return false;
        end = buffer.find('\n');
    }
    if (end > limits.message) {
        Finish(End::TOO_LONG);
        return false;
    }
    const std::string line = buffer.substr(0, end);
    buffer.erase(0, end + 1);
    Tell({line});
    return true;
}

/** Appends what has come; false: nothing. */
bool Peer::ReadStream() noexcept {
    const std::string before = std::move(buffer);
    const auto look = Peek(limits.message + 1 - before.size());
    if (look)
        buffer.resize(look->length);
    else
        buffer.clear();
    buffer.insert(0, before);
    if (!look) {
        if (errno != EAGAIN)
            Finish(End::CLOSED);
        return false;
    }
    if (look->has_descriptors)
        Finish(End::DESCRIPTORS);
    else if (look->length == 0)
        Finish(End::CLOSED);
    else
        Consume(look->length);
    return !ended;
}

/** Fills the buffer and takes nothing. nullopt with errno. */
std::optional<Peer::Look> Peer::Peek(std::size_t most) noexcept {
    buffer.resize(most);
    iovec data = {buffer.data(), buffer.size()};
    // Credentials fit, not one descriptor more.
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control = {};
    msghdr message = {};
    const ssize_t length = Repeat([&] {
        message = {};
        message.msg_iov = &data;
        message.msg_iovlen = 1;
        if (kind == Kind::DATAGRAM) {
            message.msg_control = control.data();
            message.msg_controllen = control.size();
        }
        return recvmsg(socket.Get(), &message, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);
    });
    if (length < 0)
        return std::nullopt;
    Look look = {static_cast<std::size_t>(length), 0, 0, (message.msg_flags & MSG_CTRUNC) != 0};
    const cmsghdr *part = message.msg_controllen > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (part != nullptr && part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_CREDENTIALS) {
        ucred credentials = {};
        std::memcpy(&credentials, CMSG_DATA(part), sizeof(credentials));
        look.sender = credentials.pid;
        look.user = credentials.uid;
    }
    return look;
}

/** False: later. */
bool Peer::Tell(const Message &message) noexcept {
    waits = handler.OnMessage(message) == MessageHandler::Progress::LATER;
    return !waits;
}

/** Takes what Peek() has seen: a datagram, or so many bytes. */
void Peer::Consume(std::size_t length) noexcept {
    std::array<char, 4096> taken;
    do {
        const std::size_t part = std::min(length, taken.size());
        const ssize_t got =
            Repeat([&] { return recv(socket.Get(), taken.data(), part, MSG_DONTWAIT); });
        if (got <= 0 || kind == Kind::DATAGRAM)
            return;
        length -= static_cast<std::size_t>(got);
    } while (length > 0);
}

void Peer::ConsumeElsewhere() noexcept {
    loop::Errands::Order order;
    order.client = client;
    order.function = ReceiveAndClose;
    order.deadline = DEADLINE;
    order.done = loop::Errands::Done::Make<&Peer::OnConsumed>(*this);
    const int copy = fcntl(socket.Get(), F_DUPFD_CLOEXEC, 0);
    was_told = copy < 0;
    if (was_told)
        return retry.Schedule(RETRY);
    order.request.descriptors.emplace_back(sys::AdoptTag(), copy);
    consuming = context.errands.Send(std::move(order));
}

void Peer::OnConsumed(loop::Errands::Ticket, const loop::Errands::Answer &answer) noexcept {
    consuming.reset();
    if (answer.error == 0)
        return Resume();
    if (answer.error == ETIMEDOUT && ++late >= LATE_TWICE)
        RefuseDescriptors(socket);
    // After these, nobody knows whether it was received.
    was_told = answer.error != ETIMEDOUT && answer.error != EPIPE;
    retry.Schedule(RETRY);
}

void Peer::Done() noexcept {
    if (!waits)
        return;
    waits = false;
    if (kind == Kind::DATAGRAM)
        has_descriptors ? ConsumeElsewhere() : Consume(limits.message);
    if (!consuming && !retry.IsPending() && !turn.IsPending())
        turn.Schedule();
}

/** Goes on. */
void Peer::Resume() noexcept {
    Turn(limits.a_turn);
    Rearm();
}

void Peer::ReadRest(unsigned most) noexcept {
    Turn(most);
}

bool Peer::Send(std::string_view text) noexcept {
    if (ended || outgoing.size() + text.size() + 1 > limits.outgoing)
        return false;
    outgoing.append(text).append("\n");
    Flush();
    Rearm();
    return true;
}

void Peer::Flush() noexcept {
    while (!outgoing.empty()) {
        const ssize_t sent = Repeat([this] {
            return send(socket.Get(), outgoing.data(), outgoing.size(),
                        MSG_DONTWAIT | MSG_NOSIGNAL);
        });
        if (sent < 0 && errno != EAGAIN)
            return outgoing.clear(); // the end of the stream shows in what is read
        if (sent < 0)
            return;
        outgoing.erase(0, static_cast<std::size_t>(sent));
    }
}

void Peer::Rearm() noexcept {
    if (ended)
        return;
    const bool reads = !waits && !consuming && !retry.IsPending();
    const std::uint32_t events =
        (reads ? EPOLLIN : 0U) | (outgoing.empty() ? 0U : static_cast<std::uint32_t>(EPOLLOUT));
    if (events != 0)
        event.WatchAgain(events | EPOLLONESHOT);
}

void Peer::Finish(End end) noexcept {
    ended = true;
    event.Cancel();
    turn.Cancel();
    handler.OnEnd(end);
}

} // namespace peer
