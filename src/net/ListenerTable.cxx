#include "net/ListenerTable.hxx"
#include "net/ActAs.hxx"
#include "net/NamesFile.hxx"
#include "net/OpenFailure.hxx"
#include "net/Sibling.hxx"
#include "net/SocketState.hxx"
#include "util/Text.hxx"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>

// Which listeners there are. What happens to one of them later is in ListenerState.cxx.

namespace net {

namespace {

using Origin = ListenSpec::Origin;
using Source = ListenSpec::Source;

/** Can one socket get what is meant for the other? Rather too often yes than too seldom. */
bool Overlap(const Endpoint &a, const Endpoint &b) noexcept {
    return a.address.Port() == b.address.Port() &&
           (a.address == b.address || a.address.IsWildcard() || b.address.IsWildcard());
}

bool IsAdoptedPath(const ListenSpec &spec) noexcept {
    return spec.origin == Origin::ADOPTED && NamesFile(spec.at.address);
}

/** How well it answers a bind of `wanted`: 0 best. */
int Distance(const Endpoint &at, const Endpoint &wanted) noexcept {
    if (at.address == wanted.address)
        return at.both_families == wanted.both_families ? 0 : 1;
    if (at.address.Family() == wanted.address.Family())
        return 2;
    return SiblingOf(at, wanted.address.Family()) ? 3 : 4;
}

} // namespace

Listener *ListenerTable::Find(const Endpoint &endpoint) noexcept {
    const auto found =
        std::find_if(listeners.begin(), listeners.end(), [&endpoint](const Listener &listener) {
            return listener.spec.at == endpoint && !IsAdoptedPath(listener.spec);
        });
    return found != listeners.end() ? &*found : nullptr;
}

Listener *ListenerTable::FindBySocket(std::uint64_t inode) noexcept {
    for (Listener &listener : listeners)
        for (const SlotSocket &socket : listener.sockets)
            if (InodeOf(socket.Socket()) == inode)
                return &listener;
    return nullptr;
}

Listener *ListenerTable::FindPath(const ListenSpec &spec) {
    const ActAs as_worker(spec);
    const NameInDirectory name(spec.at.address.Host());
    if (!name.IsDefined())
        throw OpenFailure("cannot listen on", spec, errno, "");
    const auto found =
        std::find_if(listeners.begin(), listeners.end(),
                     [&name](const Listener &listener) { return listener.path.At() == name; });
    return found != listeners.end() ? &*found : nullptr;
}

Listener *ListenerTable::FindAsked(const Endpoint &wanted) noexcept {
    Listener *best = nullptr;
    for (Listener &listener : listeners) {
        const Endpoint &at = listener.spec.at;
        if (listener.spec.origin == Origin::ADOPTED || at.type != wanted.type ||
            !at.address.Port() || at.address.Port() != wanted.address.Port())
            continue;
        if (best == nullptr || Distance(at, wanted) < Distance(best->spec.at, wanted))
            best = &listener;
    }
    return best;
}

Listener &ListenerTable::Open(const ListenSpec &spec) {
    if (spec.source == Source::OPENED && spec.at.address.Port().value_or(1) != 0 &&
        (IsAdoptedPath(spec) ? FindPath(spec) : Find(spec.at)) != nullptr)
        throw OpenError(fmt::format("{} is asked for twice", util::Quote(spec.text)), EADDRINUSE);
    Listener listener;
    listener.spec = spec;
    listener.spec.any_port = spec.source == Source::OPENED && spec.at.address.Port() == 0U;
    listener.shared = slots == 1 || spec.source == Source::INHERITED ||
                      spec.at.address.Family() == AF_UNIX || !policy.WantsSlotSockets();
    listener.active.assign(slots, true);
    listener.serving.assign(slots, false);
    listener.withheld.assign(slots, false);
    listener.serial = ++last_serial;
    listener.steering = policy.Steer(spec.at.type, !listener.shared);
    if (listener.shared)
        OpenShared(listener);
    else
        OpenGroup(listener);
    if (listener.spec.name.empty())
        listener.spec.name = DefaultName(listener.spec.at);
    listeners.push_back(std::move(listener));
    WatchAll(listeners.back());
    if (on_open)
        on_open();
    return listeners.back();
}

Place ListenerTable::FirstPlace(const ListenSpec &spec, bool shared) noexcept {
    switch (spec.origin) {
    case Origin::SIBLING:
        return Place::JOINS; // the original is there already
    case Origin::ADOPTED:
        return Place::FIRST; // other workers' placeholders will stand beside it
    case Origin::ASKED:
        break;
    }
    return shared ? Place::ALONE : Place::FIRST;
}

void ListenerTable::OpenShared(Listener &listener) {
    ListenSpec &spec = listener.spec;
    sys::UniqueFd socket;
    if (spec.source == Source::INHERITED) {
        socket = TakeInherited(spec);
    } else {
        const bool is_unix = spec.at.address.Family() == AF_UNIX;
        socket = is_unix ? BindUnix(spec, listener.path) : BindInet(spec, FirstPlace(spec, true));
        if (listener.path.IsDefined() && spec.origin == Origin::ASKED)
            listener.file = UnixFile(spec.at.address.Host());
        if (spec.at.type == SOCK_STREAM && spec.backlog >= 0)
            Listen(socket, spec);
    }
    listener.sockets.emplace_back(std::move(socket), 0);
    listener.steering->Joined(listener.sockets.back());
}

void ListenerTable::OpenGroup(Listener &listener) const {
    ListenSpec &spec = listener.spec;
    for (unsigned slot = 0; slot < slots; slot++)
        listener.sockets.emplace_back(
            BindInet(spec, slot == 0 ? FirstPlace(spec, false) : Place::JOINS), slot);
    // TCP sockets join the group here, in the order of their slots.
    std::vector<const SlotSocket *> all;
    for (const SlotSocket &socket : listener.sockets) {
        if (spec.at.type == SOCK_STREAM)
            Listen(socket.Socket(), spec);
        listener.steering->Joined(socket);
        all.push_back(&socket);
    }
    listener.steering->SetActive(all);
}

/** Lets others of the same user bind beside it, who ask for that. A socket that refuses says so when they
 *  bind. */
void ListenerTable::Admit(const Listener &listener) noexcept {
    const int on = 1;
    for (const SlotSocket &socket : listener.sockets)
        static_cast<void>(
            setsockopt(socket.Socket().Get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)));
}

Listener *ListenerTable::Sibling(Listener &original, int family) {
    if (original.spec.at.address.Family() == family)
        return &original;
    const auto at = SiblingOf(original.spec.at, family);
    const bool inherited = original.spec.source == Source::INHERITED;
    if (!at || (inherited && family != AF_INET))
        return nullptr;
    if (Listener *known = Find(*at); known != nullptr)
        return known;
    ListenSpec spec = original.spec;
    spec.source = Source::OPENED;
    spec.origin = Origin::SIBLING;
    spec.at = *at;
    spec.descriptor = -1;
    Admit(original);
    Listener &sibling = Open(spec);
    const bool is_ready = std::find(ready.begin(), ready.end(), true) != ready.end();
    if (!inherited && !is_ready && !IsServed(original))
        Retire(original);
    return &sibling;
}

sys::UniqueFd ListenerTable::Placeholder(const ListenSpec &spec) {
    bool joins = false;
    for (const Listener &listener : listeners) {
        if (listener.spec.at.type != spec.at.type || !Overlap(listener.spec.at, spec.at))
            continue;
        Admit(listener);
        joins = true;
    }
    return BindPlaceholder(spec, joins);
}

std::vector<Exported> ListenerTable::Exports(unsigned slot) const {
    std::vector<Exported> exports;
    for (const Listener &listener : listeners)
        if (listener.spec.origin == Origin::ASKED)
            exports.push_back({&listener, SocketOf(listener, slot)});
    return exports;
}

unsigned ListenerTable::TakeSeat(std::optional<unsigned> preferred) {
    unsigned seat = preferred.value_or(0);
    while (seat < taken.size() && taken[seat])
        seat++;
    if (seat >= taken.size())
        AddSeat();
    taken[seat] = true;
    return seat;
}

void ListenerTable::AddSeat() {
    for (Listener &listener : listeners)
        if (!listener.shared)
            throw OpenError("no seat is left", EMFILE);
    slots++;
    for (std::vector<bool> *flags : {&ready, &lost, &occupied, &taken})
        flags->push_back(false);
    for (Listener &listener : listeners)
        for (std::vector<bool> *flags : {&listener.serving, &listener.withheld})
            flags->push_back(false);
}

std::vector<sys::Fd> ListenerTable::SocketsOf(const Listener &listener) const {
    std::vector<sys::Fd> all;
    for (const SlotSocket &socket : listener.sockets)
        if (!let_go)
            all.push_back(socket.Socket());
    return all;
}

void ListenerTable::Close(Listener &listener) noexcept {
    for (const SlotSocket &socket : listener.sockets)
        Unwatch(socket);
    std::erase_if(mended, [&listener](const Repaired &one) { return one.listener == &listener; });
    listeners.remove_if([&listener](const Listener &other) { return &other == &listener; });
}

void ListenerTable::LetGo() noexcept {
    for (Listener &listener : listeners) {
        for (SlotSocket &socket : listener.sockets) {
            Unwatch(socket);
            socket.Close();
        }
        listener.file.Remove();
        listener.path.LetGo();
    }
    let_go = true;
}

} // namespace net
