#include "adopt/Adoptee.hxx"
#include "adopt/Held.hxx"
#include "net/NamesFile.hxx"
#include "net/OpenSocket.hxx"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>

// setsockopt(2) and bind(2): Adoptee::Record to Adoptee::IsTaken.

namespace adopt {

/** An option that decides how the socket is opened, or that has to be set again on the one that replaces it. */
void Adoptee::Record(const Caller &caller) {
    const auto level = static_cast<int>(caller.call.args[1]);
    const auto name = static_cast<int>(caller.call.args[2]);
    const auto length = static_cast<std::uint32_t>(caller.call.args[4]);
    int value = 0;
    Caller found = caller;
    Answer otherwise;
    if (length < sizeof(value) || !Look(found, otherwise) || found.kind.family == AF_UNIX ||
        found.process.ReadMemory(found.call.args[3],
                                 std::as_writable_bytes(std::span(&value, 1))) != 0)
        return;
    KnownSocket *known = book.Find(found.file.inode);
    if (known == nullptr)
        known = &book.Make(found.file.inode);
    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY) {
        known->v6only = value != 0;
    } else if (level == SOL_SOCKET) {
        known->reuse_port = value != 0;
    } else {
        std::erase_if(known->options, [level, name](const net::SocketOption &option) {
            return option.level == level && option.name == name;
        });
        std::string bytes(sizeof(value), '\0');
        std::memcpy(bytes.data(), &value, sizeof(value));
        known->options.push_back({level, name, std::move(bytes)});
    }
}

Answer Adoptee::Bind(Caller &caller) {
    Answer otherwise;
    const auto at = ReadEndpoint(caller, otherwise);
    if (!at)
        return otherwise;
    // From here on what was read counts, and it belongs to a call that is still there.
    if (!notify.IsValid(caller.call.id))
        return {Answer::Kind::NONE};
    if (const KnownSocket *known = book.Find(caller.file.inode);
        known != nullptr && known->kind != KnownSocket::Kind::PRIVATE &&
        known->kind != KnownSocket::Kind::OWN)
        // Bound already, which the kernel refuses, unless it is this call that comes again.
        return known->at == *at && !known->told ? Answer{Answer::Kind::RETURN}
                                                : Answer::Fail(EINVAL);
    adoption.Changed();
    return at->address.Family() == AF_UNIX ? BindUnix(caller, *at) : BindInet(caller, *at);
}

/** Where the call wants to be; nullopt: `otherwise` is the answer. */
std::optional<net::Endpoint> Adoptee::ReadEndpoint(Caller &caller, Answer &otherwise) {
    const auto read = ReadBindAddress(caller.process, caller.call.args[1], caller.call.args[2]);
    if (read.error == EFAULT)
        otherwise = Answer::Fail(EFAULT);
    else if (read.error != 0)
        otherwise = Unreadable(read.error);
    if (!read.address || !Look(caller, otherwise) || read.address->Family() != caller.kind.family)
        return std::nullopt;
    net::Endpoint at;
    at.type = caller.kind.type;
    at.protocol = caller.kind.protocol;
    at.address = *read.address;
    if (at.address.Family() == AF_INET6 && at.address.IsWildcard()) {
        const KnownSocket *known = book.Find(caller.file.inode);
        at.both_families =
            !(known != nullptr && known->v6only ? *known->v6only : adoption.V6OnlyByDefault());
    }
    return at;
}

Answer Adoptee::BindInet(Caller &caller, const net::Endpoint &at) {
    const unsigned port = at.address.Port().value_or(0);
    const auto keep = [&](KnownSocket::Kind kind) {
        KnownSocket *known = book.Find(caller.file.inode);
        if (known == nullptr)
            known = &book.Make(caller.file.inode);
        known->kind = kind;
        known->at = at;
        return Answer();
    };
    if (adoption.table.HasLetGo() || !caller.process.SharesNetwork())
        return keep(KnownSocket::Kind::OWN);
    if (port == 0) // the kernel chooses one; what becomes of it shows at listen
        return keep(KnownSocket::Kind::PRIVATE);
    if (adoption.spec.exclusives.HasPort(port))
        return BindExclusive(caller, at);
    if (net::Listener *listener = adoption.FindAsked(at))
        return BindAsked(caller, at, *listener);
    if (at.type != SOCK_STREAM || adoption.spec.mode == Mode::LISTED)
        return keep(KnownSocket::Kind::OWN);
    return BindPlaceholder(caller, at);
}

Answer Adoptee::BindExclusive(Caller &caller, const net::Endpoint &at) {
    KnownSocket known;
    known.kind = KnownSocket::Kind::EXCLUSIVE;
    known.at = at;
    net::ListenSpec spec = MakeSpec(caller, at);
    spec.at.address = at.address.WithPort(*at.address.Port() + worker.slot);
    const auto socket = net::BindInet(spec, net::Place::ALONE);
    adoption.reporter.Say(report::Level::DEBUG,
                          fmt::format("{}: bind to {} is answered with {}, its own", Describe(),
                                      at.address.ToString(), spec.at.address.ToString()));
    return Put(caller, socket, std::move(known));
}

Answer Adoptee::BindAsked(Caller &caller, const net::Endpoint &at, net::Listener &listener) {
    if (IsTaken(caller, at))
        return Answer::Fail(EADDRINUSE);
    const Answer answer = PutSlotSocket(caller, at, listener);
    if (answer.kind != Answer::Kind::RETURN)
        return answer;
    adoption.reporter.Say(report::Level::DEBUG, fmt::format("{}: bind to {} is answered with {}",
                                                            Describe(), at.address.ToString(),
                                                            listener.Spec().at.address.ToString()));
    if (at.type == SOCK_DGRAM) // there is no listen
        OnListening(listener);
    return answer;
}

/** A socket at the address that is only bound: so a client that chooses its port connects and closes as ever. */
Answer Adoptee::BindPlaceholder(Caller &caller, const net::Endpoint &at) {
    if (IsTaken(caller, at))
        return Answer::Fail(EADDRINUSE);
    KnownSocket known;
    known.kind = KnownSocket::Kind::PLACEHOLDER;
    known.at = at;
    if (const KnownSocket *before = book.Find(caller.file.inode)) {
        known.reuse_port = before->reuse_port;
        known.v6only = before->v6only;
        known.options = before->options;
    }
    const auto socket = adoption.table.Placeholder(MakeSpec(caller, at));
    return Put(caller, socket, std::move(known));
}

Answer Adoptee::BindUnix(Caller &caller, const net::Endpoint &at) {
    const auto ids = sys::ReadProcessIds(caller.call.tid);
    const std::string path = at.address.Host();
    const bool abstract = !net::NamesFile(at.address);
    if (!ids || adoption.table.HasLetGo() ||
        !(abstract ? caller.process.SharesNetwork() : caller.process.SharesFiles()))
        return {};
    net::ListenSpec spec = MakeSpec(caller, at);
    spec.backlog = -1; // the worker's own listen reaches it
    if (!abstract) {
        spec.as = *ids;
        spec.directory = fmt::format("/proc/{}/cwd", caller.call.tid);
    }
    const Exclusives &exclusives = adoption.spec.exclusives;
    const bool exclusive =
        exclusives.HasPath(path) ||
        (!abstract && !path.starts_with('/') &&
         exclusives.HasPath(fmt::format("{}/{}", caller.process.WorkingDirectory(), path)));
    if (exclusive)
        return BindExclusivePath(caller, std::move(spec));
    net::Listener *listener = abstract ? adoption.table.Find(at) : adoption.table.FindPath(spec);
    if (listener == nullptr && adoption.spec.mode == Mode::LISTED)
        return {};
    if (IsTaken(caller, at))
        return Answer::Fail(EADDRINUSE);
    if (listener == nullptr)
        listener = &adoption.FindOrOpen(spec);
    else if (const int error = abstract ? 0 : adoption.table.Relink(*listener, ids); error != 0)
        return Answer::Fail(error == ENOENT ? EADDRINUSE : error);
    KnownSocket known;
    known.kind = KnownSocket::Kind::SLOT;
    known.at = at;
    known.listener = listener;
    return Put(caller, adoption.table.SocketOf(*listener, worker.seat), std::move(known));
}

/** Slot 0 gets the path that it names, slot k PATH.k. */
Answer Adoptee::BindExclusivePath(Caller &caller, net::ListenSpec spec) {
    KnownSocket known;
    known.kind = KnownSocket::Kind::EXCLUSIVE;
    known.at = spec.at;
    const std::string path = spec.at.address.Host();
    const bool abstract = !net::NamesFile(spec.at.address);
    if (worker.slot != 0)
        spec.at.address = net::Address::Unix(
            fmt::format("{}.{}", abstract ? path.substr(1) : path, worker.slot), abstract);
    net::HeldPath place; // its second name goes with it
    const auto socket = net::BindUnix(spec, place);
    return Put(caller, socket, std::move(known));
}

/** Does a process of the worker hold a socket that listens there? Then it would be refused alone, too. */
bool Adoptee::IsTaken(const Caller &caller, const net::Endpoint &at) {
    const KnownSocket *self = book.Find(caller.file.inode);
    const auto in_the_way = book.InTheWayOf(at, self != nullptr && self->reuse_port);
    if (in_the_way.empty())
        return false;
    const auto held = SocketsHeldBy(worker.pid, caller.call.tid);
    bool taken = false;
    for (const std::uint64_t inode : in_the_way)
        if (held.contains(inode))
            taken = true;
        else
            book.Forget(inode);
    return taken;
}

} // namespace adopt
