#include "net/ListenerTable.hxx"
#include "net/ActAs.hxx"
#include "net/NamesFile.hxx"
#include "net/OpenFailure.hxx"
#include "net/Sibling.hxx"
#include "net/SocketOwner.hxx"
#include "net/SocketState.hxx"
#include "sys/CloseElsewhere.hxx"
#include "util/Text.hxx"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>

namespace net {

namespace {

using Origin = ListenSpec::Origin;
using Source = ListenSpec::Source;

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

void SteerAll(std::list<Listener> &listeners) noexcept {
    for (Listener &listener : listeners)
        listener.Steer();
}

} // namespace

Listener *ListenerTable::Find(const Endpoint &endpoint) noexcept {
    const auto found =
        std::find_if(listeners.begin(), listeners.end(), [&endpoint](const Listener &listener) {
            return listener.Spec().at == endpoint && !IsAdoptedPath(listener.Spec());
        });
    return found != listeners.end() ? &*found : nullptr;
}

Listener *ListenerTable::FindBySocket(std::uint64_t inode) noexcept {
    for (Listener &listener : listeners)
        for (const Seat &seat : listener.Seats())
            if (InodeOf(seat.socket) == inode)
                return &listener;
    return nullptr;
}

Listener *ListenerTable::FindPath(const ListenSpec &spec) {
    const ActAs as_worker(spec);
    const NameInDirectory name(spec.at.address.Host());
    if (!name.IsDefined())
        throw OpenFailure("cannot listen on", spec, errno, "");
    return FindPath(name);
}

Listener *ListenerTable::FindPath(const NameInDirectory &name) noexcept {
    const auto found =
        std::find_if(listeners.begin(), listeners.end(), [&name](const Listener &listener) {
            return listener.Sockets().Held().At() == name;
        });
    return found != listeners.end() ? &*found : nullptr;
}

Listener *ListenerTable::FindAsked(const Endpoint &wanted) noexcept {
    Listener *best = nullptr;
    for (Listener &listener : listeners) {
        const Endpoint &at = listener.Spec().at;
        if (listener.Spec().origin == Origin::ADOPTED || at.type != wanted.type ||
            !at.address.Port() || at.address.Port() != wanted.address.Port())
            continue;
        if (best == nullptr || Distance(at, wanted) < Distance(best->Spec().at, wanted))
            best = &listener;
    }
    return best;
}

Listener &ListenerTable::Open(const ListenSpec &spec, BoundPath bound) {
    const auto is_open = [&] {
        if (bound.path.IsDefined())
            return FindPath(bound.path.At()) != nullptr;
        return (IsAdoptedPath(spec) ? FindPath(spec) : Find(spec.at)) != nullptr;
    };
    if (spec.source == Source::OPENED && spec.at.address.Port().value_or(1) != 0 && is_open())
        throw OpenError(fmt::format("{} is asked for twice", util::Quote(spec.text)), EADDRINUSE);
    Listener &listener = listeners.emplace_back(spec, context, last_serial + 1, std::move(bound));
    last_serial++;
    for (const auto &opened : on_open)
        opened();
    return listener;
}

Listener *ListenerTable::Sibling(Listener &original, int family) {
    if (original.Spec().at.address.Family() == family)
        return &original;
    const auto at = SiblingOf(original.Spec().at, family);
    const bool inherited = original.Spec().source == Source::INHERITED;
    if (!at || (inherited && family != AF_INET))
        return nullptr;
    if (Listener *known = Find(*at); known != nullptr)
        return known;
    ListenSpec spec = original.Spec();
    spec.source = Source::OPENED;
    spec.origin = Origin::SIBLING;
    spec.at = *at;
    spec.descriptor = -1;
    original.Sockets().Admit();
    Listener &sibling = Open(spec);
    if (!inherited && !context.seating.AnyReady() && !original.IsServed())
        original.Withdraw();
    return &sibling;
}

sys::UniqueFd ListenerTable::Placeholder(const ListenSpec &spec) {
    const Listener *same = Find(spec.at);
    const bool joins = same != nullptr && SocketOwner::Uid(same->Spec()) == SocketOwner::Uid(spec);
    if (joins)
        same->Sockets().Admit();
    return BindPlaceholder(spec, joins || spec.beside);
}

std::vector<Exported> ListenerTable::Exports(unsigned seat) const {
    std::vector<Exported> exports;
    for (const Listener &listener : listeners)
        if (listener.Spec().origin == Origin::ASKED)
            exports.push_back({&listener, listener.SocketOf(seat)});
    return exports;
}

// --- seats -----------------------------------------------------------------------------------

unsigned ListenerTable::TakeSeat(std::optional<unsigned> preferred) {
    const auto free = context.seating.FindFree(preferred);
    const unsigned seat = free ? *free : AddSeat();
    const bool was_parked = context.seating.At(seat).parked;
    context.seating.Take(seat);
    if (was_parked)
        Tell(seat);
    return seat;
}

/** In all listeners or in none. */
unsigned ListenerTable::AddSeat() {
    if (context.seating.Count() >= MOST_SEATS)
        throw OpenError(fmt::format("{} seats are taken, which is the most", MOST_SEATS), EMFILE);
    const unsigned seat = context.seating.Count();
    context.seating.Add();
    auto listener = listeners.begin();
    try {
        for (; listener != listeners.end(); ++listener)
            listener->AddSeat();
    } catch (...) {
        while (listener != listeners.begin())
            (--listener)->DropSeat();
        context.seating.RemoveLast();
        throw;
    }
    return seat;
}

void ListenerTable::ParkSeat(unsigned seat) noexcept {
    context.seating.Park(seat);
    Tell(seat);
}

void ListenerTable::Activate(unsigned seat) noexcept {
    context.seating.Activate(seat);
    SteerAll(listeners);
}

void ListenerTable::Deactivate(unsigned seat) noexcept {
    context.seating.Deactivate(seat);
    SteerAll(listeners);
}

void ListenerTable::Occupy(unsigned seat, unsigned worker) noexcept {
    context.seating.Occupy(seat, worker);
    Tell(seat);
}

void ListenerTable::Vacate(unsigned seat) noexcept {
    context.seating.Vacate(seat);
    Tell(seat);
}

void ListenerTable::Tell(unsigned seat) noexcept {
    for (Listener &listener : listeners)
        if (const auto repaired = listener.OnSeat(seat))
            mended.push_back(*repaired);
}

// --- repair and the end ----------------------------------------------------------------------

sys::Fd ListenerTable::Alarm() {
    if (!context.alarm.IsOpen()) {
        context.alarm.Open();
        for (Listener &listener : listeners)
            for (const Seat &seat : listener.Seats())
                listener.Watch(seat);
    }
    return context.alarm.Get();
}

std::vector<Repaired> ListenerTable::Repair() noexcept {
    for (const auto &place : context.alarm.Take())
        for (Listener &listener : listeners)
            if (listener.Serial() == place.listener)
                if (const auto repaired = listener.Mend(place.seat))
                    mended.push_back(*repaired);
    return std::exchange(mended, {});
}

void ListenerTable::Close(Listener &listener) noexcept {
    listener.Close(last);
    listener.Sockets().RemoveFiles();
    std::erase_if(mended, [&listener](const Repaired &one) { return one.listener == &listener; });
    listeners.remove_if([&listener](const Listener &other) { return &other == &listener; });
}

void ListenerTable::LetGo() noexcept {
    for (Listener &listener : listeners)
        listener.Close(last);
    CloseLast();
    let_go = true;
}

void RemoveFiles(ListenerTable &table) noexcept {
    std::vector<HeldPath *> held;
    for (Listener &listener : table.Listeners())
        held.push_back(&listener.Sockets().Held());
    HeldPath::LetGoAll(held);
    for (Listener &listener : table.Listeners())
        listener.Sockets().RemoveFiles();
}

void ListenerTable::CloseLast() noexcept {
    sys::CloseElsewhere(std::exchange(last, {}));
}

} // namespace net
