#include "adopt/Adoptee.hxx"
#include "net/SocketState.hxx"
#include "sys/Error.hxx"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fmt/format.h>
#include <limits>

// listen(2): Adoptee::Listen to Adoptee::OnListening.

namespace adopt {

Answer Adoptee::Listen(Caller &caller) {
    Answer otherwise;
    if (!Look(caller, otherwise) || caller.kind.type != SOCK_STREAM)
        return otherwise;
    if (!notify.IsValid(caller.call.id))
        return {Answer::Kind::NONE};
    KnownSocket *known = book.Find(caller.file.inode);
    if (known != nullptr && known->kind == KnownSocket::Kind::SLOT)
        return ListenAgain(caller, *known);
    if (known != nullptr &&
        (known->kind == KnownSocket::Kind::OWN || known->kind == KnownSocket::Kind::EXCLUSIVE))
        return {};
    if (known != nullptr && known->kind == KnownSocket::Kind::PLACEHOLDER)
        return ListenPlaceholder(caller, *known);
    if (net::Listener *handed = adoption.table.FindBySocket(caller.file.inode)) {
        OnListening(*handed, false); // by descriptor: it listens already, and the kernel agrees
        return {};
    }
    return caller.kind.family == AF_UNIX ? Answer() : ListenPrivate(caller, known);
}

/** On a slot socket, which listens already, unless a worker has shut it down. A path listens as its workers say, so that
 *  clients see one of them behind it (SO_PEERCRED). */
Answer Adoptee::ListenAgain(const Caller &caller, const KnownSocket &known) {
    net::Listener &listener = *known.listener;
    const bool is_adopted_path =
        caller.kind.family == AF_UNIX && listener.Spec().origin == net::ListenSpec::Origin::ADOPTED;
    if (!is_adopted_path)
        if (const int error = adoption.facts.Listening(worker, listener, pool::How::ADOPTED);
            error != 0)
            return Answer::Fail(error);
    OnListening(listener);
    return is_adopted_path ? Answer() : Answer{Answer::Kind::RETURN};
}

Answer Adoptee::ListenPlaceholder(Caller &caller, const KnownSocket &known) {
    if (adoption.table.HasLetGo())
        return {};
    // Two sockets can be bound to one address before one of them listens; as alone, the second is refused here.
    if (IsTaken(caller, known.at))
        return Answer::Fail(EADDRINUSE);
    net::ListenSpec spec = MakeSpec(caller, known.at);
    spec.backlog = Backlog(caller);
    const net::Endpoint at = known.at;
    return TakeSlotSocket(caller, at, adoption.FindOrOpen(spec));
}

/** No port was named. */
Answer Adoptee::ListenPrivate(Caller &caller, KnownSocket *known) {
    net::Endpoint at = known != nullptr ? known->at : net::Endpoint();
    if (at.address.Family() == AF_UNSPEC) {
        at.address = net::Address::Any(caller.kind.family, 0);
        at.both_families =
            caller.kind.family == AF_INET6 &&
            !(known != nullptr && known->v6only ? *known->v6only : adoption.V6OnlyByDefault());
    }
    at.type = caller.kind.type;
    at.protocol = caller.kind.protocol;
    net::Listener *listener = nullptr;
    if (!adoption.table.HasLetGo() && caller.process.SharesNetwork()) {
        net::ListenSpec spec = MakeSpec(caller, at);
        spec.backlog = Backlog(caller);
        listener = adoption.FindForPrivate(private_listens, spec);
    }
    private_listens++;
    if (listener != nullptr)
        return TakeSlotSocket(caller, at, *listener);
    if (known == nullptr)
        known = &book.Make(caller.file.inode);
    known->kind = KnownSocket::Kind::OWN;
    known->at = at;
    return {};
}

Answer Adoptee::TakeSlotSocket(Caller &caller, net::Endpoint at, net::Listener &listener) {
    at.address = at.address.WithPort(listener.Spec().at.address.Port().value_or(0));
    const Answer answer = PutSlotSocket(caller, at, listener);
    if (answer.kind == Answer::Kind::RETURN)
        OnListening(listener);
    return answer;
}

void Adoptee::OnListening(net::Listener &listener, bool adopted) {
    if (const int error = adoption.facts.Listening(
            worker, listener, adopted ? pool::How::ADOPTED : pool::How::HANDED);
        error != 0)
        adoption.reporter.Say(report::Level::WARN,
                              fmt::format("{} listens on {} again, which the kernel refuses: {}",
                                          Describe(), listener.Spec().at.address.ToString(),
                                          sys::ErrnoText(error)));
    if (listener.Spec().origin == net::ListenSpec::Origin::ADOPTED)
        adoption.Announce(listener);
    adoption.Changed();
}

/** The kernel takes the limit for what is negative or larger than that (listen(2)), and so does the result,
 *  which is never negative: that would say something else in a ListenSpec. */
int Adoptee::Backlog(const Caller &caller) const noexcept {
    return static_cast<int>(std::min<std::uint32_t>(static_cast<std::uint32_t>(caller.call.args[1]),
                                                    std::numeric_limits<int>::max()));
}

} // namespace adopt
