#include "net/Listener.hxx"
#include "sys/File.hxx"
#include "util/Text.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>

namespace net {

namespace {

bool IsAsked(const ListenSpec &spec) noexcept {
    return spec.origin == ListenSpec::Origin::ASKED;
}

bool HasAny(const std::vector<bool> &set) noexcept {
    return std::find(set.begin(), set.end(), true) != set.end();
}

/** Could it have a socket for each seat? */
bool MayBeGroup(const ListenSpec &spec, const SteeringPolicy &policy) {
    return spec.source == ListenSpec::Source::OPENED && spec.at.address.Family() != AF_UNIX &&
           policy.WantsGroup();
}

/** Without a look at its queue. */
Standing Rate(const Seat &seat, bool asked, bool presumed) noexcept {
    const Occupant &occupant = *seat.occupant;
    if (occupant.parked)
        return Standing::PARKED;
    if (seat.withheld)
        return Standing::WITHHELD;
    if (asked && presumed)
        return occupant.lost ? Standing::NOT_READY : Standing::ACTIVE;
    if (!occupant.ready)
        return Standing::NOT_READY;
    return asked || seat.serving ? Standing::ACTIVE : Standing::NOT_SERVING;
}

/** Of this network namespace (ip-sysctl of the kernel, since 5.14). */
bool KernelMigrates() noexcept {
    const auto text = sys::ReadFile("/proc/sys/net/ipv4/tcp_migrate_req");
    return text && util::Trim(*text) == "1";
}

/** Why a listener of this kind cannot move what waits; empty: it can. */
std::string_view WhyNoRescue(const Listener &listener, Listener::Holder holder) noexcept {
    const Endpoint &at = listener.Spec().at;
    if (listener.Sockets().IsClosed())
        return "the cluster stops";
    if (listener.IsShared())
        return "all workers accept from one socket";
    if (listener.IsWithdrawn())
        return "a sibling has taken its place";
    if (at.type != SOCK_STREAM)
        return "its sockets have no connections";
    if (at.protocol == IPPROTO_MPTCP && holder != Listener::Holder::NOBODY)
        return "the kernel resets the connections of a Multipath TCP socket";
    return {};
}

/** A new socket, which no worker has yet, is deaf as long as this lives. */
class Deaf {
public:
    explicit Deaf(sys::Fd _socket) noexcept : socket(_socket) { SetDeaf(socket, true); }
    ~Deaf() noexcept { SetDeaf(socket, false); }
    Deaf(const Deaf &) = delete;
    Deaf &operator=(const Deaf &) = delete;

private:
    const sys::Fd socket;
};

} // namespace

// --- seats -----------------------------------------------------------------------------------

Listener::Listener(const ListenSpec &spec, ListenerContext &_context, unsigned _serial,
                   BoundPath bound)
    : context(_context), serial(_serial),
      sockets(spec, _context.seating.Count() == 1 || !MayBeGroup(spec, _context.policy),
              std::move(bound)),
      steering(_context.policy.Steer(sockets.Spec(), !sockets.IsSingle())) {
    steering->OnChange(util::Bind<&Listener::OnPace>(*this));
    try {
        for (unsigned seat = 0; seat < context.seating.Count(); seat++)
            AddSeat();
    } catch (...) {
        sockets.RemoveFiles();
        throw;
    }
    const bool all = std::all_of(Seats().begin(), Seats().end(),
                                 [](const Seat &seat) { return seat.occupant->parked; });
    for (Seat &seat : sockets.Seats())
        seat.active = all || !seat.occupant->parked;
    Steer(Order::CHANGED);
    for (const Seat &seat : Seats())
        Watch(seat);
}

Listener::Listener(const Description &made, ListenerContext &_context)
    : context(_context), serial(made.serial), sockets(made.sockets, _context.seating),
      steering(_context.policy.Steer(Spec(), !sockets.IsSingle())), withdrawn(made.withdrawn),
      was_served(made.was_served) {
    steering->OnChange(util::Bind<&Listener::OnPace>(*this));
    for (Seat &seat : sockets.Seats()) {
        const Description::Flags &flags = made.seats.at(seat.index);
        seat.active = flags.active;
        seat.serving = flags.serving;
        seat.withheld = flags.withheld;
    }
    steering->Resume(made.steering, Seats());
    Steer(Order::CHANGED);
    for (const Seat &seat : Seats())
        Watch(seat);
}

Listener::Description Listener::Describe() const {
    Description description = {serial,    sockets.Describe(), {}, steering->Describe(),
                               withdrawn, was_served};
    for (const Seat &seat : Seats())
        description.seats.push_back({seat.active, seat.serving, seat.withheld});
    return description;
}

void Listener::AddSeat() {
    const unsigned count = static_cast<unsigned>(Seats().size());
    const Occupant &occupant = context.seating.At(count);
    const bool splits =
        count == 1 && !sockets.IsClosed() && IsShared() && MayBeGroup(Spec(), context.policy);
    if (splits)
        sockets.Split();
    try {
        Seat &seat = sockets.Add(occupant);
        if (!seat.socket.IsDefined())
            return;
        std::optional<Deaf> deaf;
        if (splits) // the group has no program before it has two members
            deaf.emplace(seat.socket);
        if (withdrawn)
            sockets.KeepOff(seat);
        else
            sockets.Listen(seat);
        if (splits) {
            steering = context.policy.Steer(Spec(), true);
            steering->OnChange(util::Bind<&Listener::OnPace>(*this));
        }
        const bool joins = !withdrawn || !sockets.IsStream();
        for (const Seat &one : Seats())
            if (joins && (splits || &one == &seat))
                steering->Joined(one);
        if (splits)
            Steer(Order::CHANGED);
    } catch (...) {
        if (Seats().size() > count)
            sockets.RemoveLast();
        if (splits)
            sockets.Unite();
        throw;
    }
}

void Listener::DropSeat() noexcept {
    const Seat &last = Seats().back();
    if (last.socket.IsDefined() && !IsShared()) {
        context.alarm.Unwatch(last);
        steering->Left(last);
    }
    sockets.RemoveLast();
    Steer(Order::CHANGED);
}

std::optional<Repaired> Listener::OnSeat(unsigned index) noexcept {
    Seat &seat = sockets.Seats()[index];
    seat.withheld = false;
    if (seat.occupant->worker)
        return std::nullopt;
    seat.serving = false;
    // Another seat is not concerned by one that was not active and is not to be.
    if (seat.active ||
        Rate(seat, IsAsked(Spec()), context.seating.IsPresumed()) == Standing::ACTIVE)
        Steer();
    Watch(seat);
    return sockets.IsUnix() ? std::nullopt : Mend(index);
}

void Listener::Close(std::vector<sys::UniqueFd> &last) noexcept {
    for (const Seat &seat : Seats())
        context.alarm.Unwatch(seat);
    sockets.Close(last);
}

// --- who serves ------------------------------------------------------------------------------

bool Listener::IsServed() const noexcept {
    return std::any_of(Seats().begin(), Seats().end(),
                       [](const Seat &seat) { return seat.serving; });
}

int Listener::Serve(unsigned index) noexcept {
    if (withdrawn && !sockets.IsClosed())
        if (const int error = Revive(); error != 0) {
            Withdraw();
            return error;
        }
    was_served = true;
    sockets.Seats()[index].serving = true;
    sockets.Seats()[index].withheld = false;
    Seat &seat = sockets.Of(index);
    int error = 0;
    const bool stopped = !sockets.IsClosed() && !sockets.IsUnix() && sockets.HasStopped(seat);
    if (stopped) {
        steering->Left(seat);
        error = Relisten(seat);
    }
    Steer(stopped ? Order::CHANGED : Order::KEPT);
    return error;
}

void Listener::Withdraw() noexcept {
    for (const Seat &seat : Seats()) {
        if (!seat.socket.IsDefined())
            continue;
        if (sockets.IsStream()) {
            context.alarm.Unwatch(seat);
            steering->Left(seat);
        }
        sockets.KeepOff(seat);
    }
    withdrawn = true;
}

int Listener::Revive() noexcept {
    for (Seat &seat : sockets.Seats()) {
        if (!seat.socket.IsDefined())
            continue;
        if (const int error = sockets.LetIn(seat); error != 0)
            return error;
        if (sockets.IsStream())
            steering->Joined(seat);
    }
    withdrawn = false;
    for (const Seat &seat : Seats())
        Watch(seat);
    for (Seat &seat : sockets.Seats())
        seat.active = false;
    return 0;
}

// --- who gets connections --------------------------------------------------------------------

Standing Listener::StandingOf(unsigned index) const noexcept {
    const Seat &seat = Seats()[index];
    if (IsShared())
        return seat.occupant->parked ? Standing::PARKED : Standing::ACTIVE;
    if (seat.active && !withdrawn)
        return steering->Keeps(seat);
    const Standing standing = Rate(seat, IsAsked(Spec()), context.seating.IsPresumed());
    return standing == Standing::ACTIVE ? Standing::NOT_SERVING : standing;
}

/** By seat. None: as it is. */
std::vector<bool> Listener::Wanted() const {
    const bool asked = IsAsked(Spec());
    std::vector<bool> wanted, serving;
    for (const Seat &seat : Seats()) {
        const Standing standing = Rate(seat, asked, context.seating.IsPresumed());
        wanted.push_back(standing == Standing::ACTIVE);
        serving.push_back(seat.serving && standing == Standing::NOT_READY);
    }
    return asked || HasAny(wanted) ? wanted : serving;
}

void Listener::Steer(Order order) noexcept {
    if (sockets.IsClosed() || IsShared() || withdrawn)
        return;
    const std::vector<bool> wanted = Wanted();
    const bool any = HasAny(wanted);
    bool changed = false;
    std::vector<const Seat *> set, parked;
    for (Seat &seat : sockets.Seats()) {
        const bool active = any ? wanted[seat.index] : seat.active;
        if (seat.active && !active && seat.occupant->parked)
            parked.push_back(&seat);
        changed |= seat.active != active;
        seat.active = active;
        if (active)
            set.push_back(&seat);
    }
    if (set.empty() || (!changed && order == Order::KEPT))
        return;
    steering->SetActive(set);
    if (!changed)
        return;
    for (const Seat *seat : parked) { // what waited there can go now
        Watch(*seat);
        static_cast<void>(Mend(seat->index));
    }
    if (context.on_steering)
        context.on_steering(*this, Cause::SEATS);
}

void Listener::OnPace() noexcept {
    if (context.on_steering)
        context.on_steering(*this, Cause::QUEUES);
}

// --- sockets that stop listening, by our will (Rescue) or by a worker's (Mend) ---------------

Rescued Listener::Rescue(unsigned index, Holder holder) noexcept {
    if (const std::string_view why = WhyNoRescue(*this, holder); !why.empty())
        return {why};
    std::vector<bool> others = Wanted();
    others[index] = false;
    if (!HasAny(others))
        return {"no other seat is active"};
    if (holder != Holder::NOBODY && !steering->CanRescue() && !KernelMigrates())
        return {"the kernel would reset the connections: net.ipv4.tcp_migrate_req is 0, and no "
                "kernel program moves them"};
    Seat &seat = sockets.Seats()[index];
    seat.withheld = !seat.occupant->parked;
    seat.serving = seat.serving && holder != Holder::NOBODY;
    Steer(); // nothing that comes now is for it
    context.alarm.Unwatch(seat);
    Rescued rescued;
    rescued.moved = WaitingConnections(seat.socket);
    steering->Left(seat);
    sockets.Stop(seat);
    rescued.error = Relisten(seat);
    Steer(Order::CHANGED);
    Watch(seat); // one that does not listen is repaired
    return rescued;
}

std::optional<Repaired> Listener::Mend(unsigned index) noexcept {
    Seat &seat = sockets.Of(index);
    if (sockets.IsClosed() || withdrawn)
        return std::nullopt;
    if (!sockets.HasStopped(seat)) {
        if (!IsShared() && seat.occupant->parked && WaitingConnections(seat.socket) != 0)
            static_cast<void>(Rescue(index));
        return std::nullopt;
    }
    if (!IsShared())
        seat.withheld = seat.occupant->worker.has_value();
    steering->Left(seat);
    const int error = Relisten(seat);
    Steer(Order::CHANGED);
    return Repaired{this, index, error, !IsShared() && seat.withheld && !seat.active};
}

/** Returns 0 or errno. */
int Listener::Relisten(const Seat &seat) noexcept {
    const int error = sockets.Relisten(seat);
    if (error == 0)
        steering->Joined(seat);
    return error;
}

void Listener::Watch(const Seat &seat) noexcept {
    // Not one that waits for its worker's own listen(2).
    if (!sockets.IsClosed() && !withdrawn && sockets.IsStream() && Spec().backlog >= 0)
        // A handshake that was half open may still bring a connection to a parked one.
        context.alarm.Watch(serial, seat, seat.occupant->parked && !seat.active && !IsShared());
}

SeatFigures FiguresOf(const Listener &listener, unsigned index) noexcept {
    if (listener.IsWithdrawn())
        return {};
    const Seat &seat = listener.Sockets().Of(index);
    return {listener.GetSteering().Given(seat), QueueOf(seat.socket)};
}

} // namespace net
