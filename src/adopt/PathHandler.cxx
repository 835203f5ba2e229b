#include "adopt/PathHandler.hxx"
#include "net/SocketState.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <string_view>

namespace adopt {

namespace {

/** Does it mean another file in another process? The kernel is left to bind it. */
bool IsOfCaller(std::string_view path) noexcept {
    constexpr std::array<std::string_view, 3> OWN = {"/proc/self/", "/proc/thread-self/",
                                                     "/dev/fd/"};
    return std::any_of(OWN.begin(), OWN.end(),
                       [path](std::string_view own) { return path.starts_with(own); });
}

} // namespace

Decision PathHandler::Decide(Question &question, const net::Endpoint &at) {
    const Snapshot &caller = question.caller;
    if (!caller.ids || adoption.table.HasLetGo() || !caller.shares_files ||
        IsOfCaller(at.address.Host()))
        return Decision::Continue();
    if (IsExclusive(caller, at.address.Host()))
        return Exclusive(question, at);
    if (caller.path.error != 0)
        return adoption.spec.mode == Mode::LISTED ? Decision::Continue()
                                                  : Decision::Fail(caller.path.error);
    net::Listener *listener = adoption.table.FindPath(caller.path.name);
    if (listener != nullptr)
        return Take(question, at, *listener);
    if (adoption.spec.mode == Mode::LISTED)
        return Decision::Continue();
    return Make(question, at);
}

bool PathHandler::IsExclusive(const Snapshot &caller, const std::string &path) const {
    const Exclusives &exclusives = adoption.spec.exclusives;
    return exclusives.HasPath(path) ||
           (!path.starts_with('/') &&
            exclusives.HasPath(fmt::format("{}/{}", caller.directory_name, path)));
}

/** The worker of slot 0 gets the path that it names, that of slot k PATH.k. */
Decision PathHandler::Exclusive(Question &question, const net::Endpoint &at) {
    if (question.path) {
        if (question.path->error != 0)
            throw net::OpenError(question.path->text, question.path->error);
        KnownSocket known;
        known.kind = KnownSocket::Kind::EXCLUSIVE;
        known.at = at;
        return Decision::Put(std::move(question.path->bound.socket), std::move(known));
    }
    Decision decision;
    decision.kind = Decision::Kind::BIND_PATH;
    decision.hold = false;
    decision.spec = state.MakeSpec(question, at);
    if (state.worker.slot != 0)
        decision.spec.at.address =
            net::Address::Unix(fmt::format("{}.{}", at.address.Host(), state.worker.slot), false);
    return decision;
}

Decision PathHandler::Take(const Question &question, const net::Endpoint &at,
                           net::Listener &listener) {
    const Snapshot &caller = question.caller;
    const net::HeldPath &path = listener.Sockets().Held();
    const bool is_there = caller.path.file == path.File();
    if (!MayHave(caller, listener))
        return Decision::Fail(caller.path.file ? EADDRINUSE : EACCES);
    if (is_there) {
        const std::uint64_t inode = net::InodeOf(listener.SocketOf(state.worker.seat));
        const KnownSocket *own = state.book.Find(inode);
        if (own != nullptr && own->kind == KnownSocket::Kind::SEAT)
            if (auto taken = state.CheckHeld(question, {inode}))
                return std::move(*taken);
    } else if (caller.path.file) {
        return Decision::Fail(EADDRINUSE);
    }
    listener.Sockets().Held().SetRemoved(false);
    Decision decision = state.PutSeat(question, at, listener);
    decision.restore = !is_there;
    return decision;
}

/** Could the caller have bound the path, with the listener's file being there or not? */
bool PathHandler::MayHave(const Snapshot &caller, const net::Listener &listener) const noexcept {
    const net::ListenSpec &spec = listener.Spec();
    // A listener that was asked for is for the user that the workers were started as.
    const uid_t owner = spec.as ? spec.as->uid : state.uid;
    return caller.ids->uid == owner || caller.path.may_make;
}

Decision PathHandler::Make(Question &question, const net::Endpoint &at) {
    if (question.path) {
        if (question.path->error != 0)
            throw net::OpenError(question.path->text, question.path->error);
        net::ListenSpec spec = state.MakeSpec(question, at);
        spec.backlog = -1; // the worker's own listen reaches it
        net::Listener &opened = adoption.Open(spec, std::move(question.path->bound));
        return state.PutSeat(question, at, opened);
    }
    if (adoption.paths.IsBusy(PathQueue::KeyOf(question.caller.path.name)))
        return Decision::Wait();
    Decision decision;
    decision.kind = Decision::Kind::BIND_PATH;
    decision.spec = state.MakeSpec(question, at);
    return decision;
}

} // namespace adopt
