#include "adopt/ListenHandler.hxx"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>

namespace adopt {

Decision ListenHandler::Decide(const Question &question) {
    const Snapshot &caller = question.caller;
    if (caller.kind.type != SOCK_STREAM)
        return Decision::Continue();
    using Kind = KnownSocket::Kind;
    KnownSocket *known = state.Find(question);
    if (known != nullptr && known->kind == Kind::SEAT)
        return Again(question, *known);
    if (known != nullptr && known->kind == Kind::EXCLUSIVE)
        state.OnListeningAlone(known->at);
    if (known != nullptr && (known->kind == Kind::OWN || known->kind == Kind::EXCLUSIVE))
        return Decision::Continue();
    if (known != nullptr && known->kind == Kind::PLACEHOLDER)
        return InPlaceOf(question, *known);
    if (net::Listener *handed = adoption.table.FindBySocket(caller.file.inode)) {
        // By descriptor: it listens already, and the kernel agrees.
        state.OnListening(*handed, pool::How::HANDED);
        return Decision::Continue();
    }
    return caller.kind.family == AF_UNIX ? Decision::Continue() : Private(question, known);
}

/** On a seat's socket, which listens already, unless a worker has shut it down. A path listens as
 *  its workers say, so that clients see one of them behind it (SO_PEERCRED). */
Decision ListenHandler::Again(const Question &question, const KnownSocket &known) {
    net::Listener &listener = *known.listener;
    const bool is_adopted_path = question.caller.kind.family == AF_UNIX &&
                                 listener.Spec().origin == net::ListenSpec::Origin::ADOPTED;
    if (!is_adopted_path)
        if (const int error = adoption.facts.Listening(state.worker, listener, pool::How::ADOPTED);
            error != 0)
            return Decision::Fail(error);
    state.OnListening(listener);
    return is_adopted_path ? Decision::Continue() : Decision::Return();
}

Decision ListenHandler::InPlaceOf(const Question &question, const KnownSocket &placeholder) {
    if (adoption.table.HasLetGo())
        return Decision::Continue();
    // Two sockets can be bound to one address before one of them listens; as alone, the second is
    // refused here.
    auto others = state.book.InTheWayOfListening(placeholder);
    std::erase(others, placeholder.became);
    if (auto taken = state.CheckHeld(question, std::move(others)))
        return std::move(*taken);
    net::ListenSpec spec = state.MakeSpec(question, placeholder.at);
    spec.backlog = Backlog(question.caller);
    // A socket is its maker's, whoever listens on it: squid, varnishd bind as root.
    if (placeholder.maker)
        spec.as = placeholder.maker;
    if (adoption.table.Find(spec.at) == nullptr)
        if (auto search = state.MakeRoom(question, spec))
            return std::move(*search);
    return Take(question, placeholder.at, adoption.FindOrOpen(spec));
}

/** No port was named. */
Decision ListenHandler::Private(const Question &question, KnownSocket *known) {
    const Snapshot &caller = question.caller;
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
    if (!adoption.table.HasLetGo() && caller.shares_network) {
        net::ListenSpec spec = state.MakeSpec(question, at);
        spec.backlog = Backlog(caller);
        listener = adoption.FindForPrivate(state.private_listens, spec);
    }
    state.private_listens++;
    if (listener != nullptr && adoption.MayHave(*listener, state.UidOf(question)))
        return Take(question, at, *listener);
    return state.Keep(question, KnownSocket::Kind::OWN, at);
}

Decision ListenHandler::Take(const Question &question, net::Endpoint at, net::Listener &listener) {
    at.address = at.address.WithPort(listener.Spec().at.address.Port().value_or(0));
    Decision decision = state.PutSeat(question, at, listener);
    decision.listens = true;
    return decision;
}

/** The kernel takes the limit for what is negative or larger than that (listen(2)), and so does the
 *  result, which is never negative: that would say something else in a ListenSpec. */
int ListenHandler::Backlog(const Snapshot &caller) noexcept {
    return static_cast<int>(std::min<std::uint32_t>(static_cast<std::uint32_t>(caller.call.args[1]),
                                                    std::numeric_limits<int>::max()));
}

} // namespace adopt
