#include "adopt/BindHandler.hxx"
#include "net/OpenSocket.hxx"

#include <cerrno>
#include <fmt/format.h>

namespace adopt {

Decision BindHandler::Decide(const Question &question, const net::Endpoint &at) {
    if (at.address.Family() == AF_UNIX)
        return DecideAbstract(question, at);
    const unsigned port = at.address.Port().value_or(0);
    if (adoption.table.HasLetGo() || !question.caller.shares_network)
        return state.Keep(question, KnownSocket::Kind::OWN, at);
    if (port == 0) // the kernel chooses one; what becomes of it shows at listen
        return state.Keep(question, KnownSocket::Kind::PRIVATE, at);
    if (adoption.spec.exclusives.HasPort(port) ||
        (question.caller.is_debugger && adoption.spec.debugger == port))
        return Exclusive(question, at, at.address.WithPort(port + state.worker.slot));
    if (net::Listener *listener = adoption.FindAsked(at))
        return Asked(question, at, *listener);
    const KnownSocket *known = state.Find(question);
    if (at.type == SOCK_DGRAM && !(known != nullptr && known->reuse_port))
        adoption.HintAtUdp(at, state.worker.slot);
    if (at.type != SOCK_STREAM || adoption.spec.mode == Mode::LISTED)
        return state.Keep(question, KnownSocket::Kind::OWN, at);
    return Placeholder(question, at);
}

Decision BindHandler::DecideAbstract(const Question &question, const net::Endpoint &at) {
    if (adoption.table.HasLetGo() || !question.caller.shares_network)
        return Decision::Continue();
    const std::string name = at.address.Host();
    const unsigned slot = state.worker.slot;
    if (adoption.spec.exclusives.HasPath(name))
        return Exclusive(
            question, at,
            slot == 0 ? at.address
                      : net::Address::Unix(fmt::format("{}.{}", name.substr(1), slot), true));
    net::Listener *listener = adoption.table.Find(at);
    if (listener == nullptr && adoption.spec.mode == Mode::LISTED)
        return Decision::Continue();
    if (auto taken = state.CheckTaken(question, at))
        return std::move(*taken);
    if (listener == nullptr) {
        net::ListenSpec spec = state.MakeSpec(question, at);
        spec.backlog = -1; // the worker's own listen reaches it
        listener = &adoption.FindOrOpen(spec);
    }
    if (!adoption.MayHave(*listener, state.UidOf(question)))
        return Decision::Fail(EADDRINUSE);
    return state.PutSeat(question, at, *listener);
}

/** The worker of slot 0 gets the address it names, that of slot k the k-th one after it. */
Decision BindHandler::Exclusive(const Question &question, const net::Endpoint &at,
                                net::Address in_place) {
    if (auto taken = state.CheckTaken(question, at))
        return std::move(*taken);
    KnownSocket known = state.Bound(question, KnownSocket::Kind::EXCLUSIVE, at);
    net::ListenSpec spec = state.MakeSpec(question, at);
    spec.at.address = in_place;
    net::HeldPath none;
    sys::UniqueFd socket = at.address.Family() == AF_UNIX ? net::BindUnix(spec, none)
                                                          : net::BindInet(spec, net::Place::ALONE);
    adoption.reporter.Say(report::Level::DEBUG,
                          fmt::format("{}: bind to {} is answered with {}, its own",
                                      state.Describe(), at.address.ToString(),
                                      spec.at.address.ToString()));
    Decision decision = Decision::Put(std::move(socket), std::move(known));
    decision.listens = at.type == SOCK_DGRAM;
    return decision;
}

Decision BindHandler::Asked(const Question &question, const net::Endpoint &at,
                            net::Listener &listener) {
    if (auto taken = state.CheckTaken(question, at))
        return std::move(*taken);
    if (!adoption.MayHave(listener, state.UidOf(question)))
        return Decision::Fail(EADDRINUSE);
    Decision decision = state.PutSeat(question, at, listener);
    decision.text = fmt::format("bind to {} is answered with {}", at.address.ToString(),
                                listener.Spec().at.address.ToString());
    decision.listens = at.type == SOCK_DGRAM; // there is no listen
    return decision;
}

/** A socket at the address that is only bound: so a client that chooses its port connects and
 *  closes as ever. */
Decision BindHandler::Placeholder(const Question &question, const net::Endpoint &at) {
    if (auto taken = state.CheckTaken(question, at))
        return std::move(*taken);
    net::ListenSpec spec = state.MakeSpec(question, at);
    if (auto search = state.MakeRoom(question, spec))
        return std::move(*search);
    return Decision::Put(adoption.table.Placeholder(spec),
                         state.Bound(question, KnownSocket::Kind::PLACEHOLDER, at));
}

} // namespace adopt
