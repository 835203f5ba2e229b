#include "adopt/AdopteeState.hxx"
#include "net/SocketState.hxx"
#include "report/WorkerName.hxx"
#include "sys/Error.hxx"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>

namespace adopt {

std::string AdopteeState::Describe() const {
    return report::NameOf(worker);
}

KnownSocket &AdopteeState::Make(const Question &question) {
    KnownSocket *known = Find(question);
    return known != nullptr ? *known : book.Make(question.caller.file.inode);
}

Decision AdopteeState::Keep(const Question &question, KnownSocket::Kind kind,
                            const net::Endpoint &at) {
    KnownSocket &known = Make(question);
    known.kind = kind;
    known.at = at;
    return Decision::Continue();
}

net::ListenSpec AdopteeState::MakeSpec(const Question &question, const net::Endpoint &at) {
    net::ListenSpec spec;
    spec.origin = net::ListenSpec::Origin::ADOPTED;
    spec.at = at;
    spec.text = at.address.ToString();
    spec.nonblocking = question.caller.file.nonblocking;
    spec.options = question.caller.options;
    spec.as = question.caller.ids;
    if (const KnownSocket *known = Find(question))
        spec.options.insert(spec.options.end(), known->options.begin(), known->options.end());
    return spec;
}

Decision AdopteeState::PutSeat(const Question &question, const net::Endpoint &at,
                               net::Listener &listener) {
    KnownSocket known;
    known.kind = KnownSocket::Kind::SEAT;
    known.at = at;
    known.listener = &listener;
    if (const KnownSocket *before = Find(question))
        known.reuse_port = before->reuse_port;
    const sys::Fd socket = listener.SocketOf(worker.seat);
    // All workers of a shared socket have the same flag: whoever set it after its listen would wait
    // in accept if the next worker took it away.
    const bool nonblocking = question.caller.file.nonblocking;
    if (nonblocking || !listener.IsShared() || !listener.IsServed())
        net::SetNonblocking(socket, nonblocking);
    sys::UniqueFd copy = sys::Duplicate(socket);
    if (!copy.IsDefined())
        return Decision::Fail(errno);
    Decision decision = Decision::Put(std::move(copy), std::move(known));
    if (at.address.Family() != AF_UNIX)
        decision.options = MakeSpec(question, at).options;
    return decision;
}

std::optional<Decision> AdopteeState::MakeRoom(const Question &question, net::ListenSpec &spec) {
    const auto others = adoption.FindInTheWay(spec);
    if (others.empty())
        return std::nullopt;
    if (!question.held_below_launcher) {
        std::vector<std::uint64_t> inodes;
        for (const net::Listener *other : others)
            for (const std::uint64_t inode : adoption.InodesOf(*other))
                inodes.push_back(inode);
        return Decision::Search(std::move(inodes), true);
    }
    for (net::Listener *other : others)
        if (!adoption.IsHeld(*other, *question.held_below_launcher, question.search_began))
            adoption.Close(*other);
        else if (Adoption::HasSameUser(*other, spec))
            spec.beside = true;
    adoption.table.CloseLast(); // the address must be free now
    return std::nullopt;
}

KnownSocket AdopteeState::Bound(const Question &question, KnownSocket::Kind kind,
                                const net::Endpoint &at) {
    KnownSocket known;
    if (const KnownSocket *before = Find(question))
        known = *before;
    known.kind = kind;
    known.at = at;
    known.reuse_address = question.caller.reuse_address.value_or(true);
    known.maker = question.caller.ids;
    return known;
}

std::optional<Decision> AdopteeState::CheckTaken(const Question &question,
                                                 const net::Endpoint &at) {
    const auto wanted = Bound(question, KnownSocket::Kind::PLACEHOLDER, at);
    return CheckHeld(question, book.InTheWayOfBinding(wanted));
}

std::optional<Decision> AdopteeState::CheckHeld(const Question &question,
                                                std::vector<std::uint64_t> inodes) {
    if (inodes.empty())
        return std::nullopt;
    if (!question.held_by_worker)
        return Decision::Search(std::move(inodes), false);
    for (const std::uint64_t inode : inodes)
        if (question.held_by_worker->contains(inode))
            return Decision::Fail(EADDRINUSE);
    for (const std::uint64_t inode : inodes)
        book.Forget(inode);
    return std::nullopt;
}

Handed AdopteeState::HandedOf(const std::vector<std::uint64_t> &inodes) {
    Handed handed;
    unsigned number = spawn::ChildDescriptors::FIRST;
    for (const net::Exported &exported : adoption.table.Exports(worker.seat)) {
        const std::uint64_t inode = net::InodeOf(exported.socket);
        if (std::find(inodes.begin(), inodes.end(), inode) != inodes.end())
            handed.descriptors.push_back({number, inode});
        number++;
    }
    for (const std::uint64_t inode : inodes)
        if (const KnownSocket *known = book.Find(inode))
            handed.exceptions.insert(handed.exceptions.end(), known->exceptions.begin(),
                                     known->exceptions.end());
    return handed;
}

void AdopteeState::OnListening(net::Listener &listener, pool::How how) {
    if (const int error = adoption.facts.Listening(worker, listener, how); error != 0)
        adoption.reporter.Say(report::Level::WARN,
                              fmt::format("{} listens on {} again, which the kernel refuses: {}",
                                          Describe(), listener.Spec().at.address.ToString(),
                                          sys::ErrnoText(error)));
    if (how == pool::How::ADOPTED)
        adoption.Listens(worker, listener,
                         HandedOf({net::InodeOf(listener.SocketOf(worker.seat))}));
    if (listener.Spec().origin != net::ListenSpec::Origin::ADOPTED ||
        adoption.Announce(listener, worker))
        adoption.HintAtReady(listener);
    adoption.Changed();
}

void AdopteeState::OnListeningAlone(const net::Endpoint &at) noexcept {
    if (!adoption.spec.IsDebugger(at.address.Port()))
        adoption.facts.ListeningAlone(worker, at);
}

} // namespace adopt
