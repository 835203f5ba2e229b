#include "net/ListenAgain.hxx"
#include "net/ListenerTable.hxx"

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>

// The second half of ListenerTable: who serves a listener, which slots are active, and a listener whose place a
// sibling has taken.

namespace net {

namespace {

bool HasAny(const std::vector<bool> &set) noexcept {
    return std::find(set.begin(), set.end(), true) != set.end();
}

/** Only what it sends to itself reaches it then: connect(2) on a datagram socket. */
void KeepOff(int fd, const Address &at) noexcept {
    const Address loopback = Address::FromLiteral("127.0.0.1", at.Port().value_or(0)).value_or(at);
    const Address &self = at.IsWildcard() ? loopback : at;
    static_cast<void>(connect(fd, self.Get(), self.Length()));
}

/** Everybody's again, and bound as before: udp_disconnect of the kernel. */
int LetIn(int fd, const Address &at) noexcept {
    const sockaddr nobody = {AF_UNSPEC, {}};
    if (connect(fd, &nobody, sizeof(nobody)) != 0)
        return errno;
    return BindAgain(sys::Fd(fd), at);
}

/** The kernel gives IPv4 datagrams to this one rather than to its sibling. */
bool IsPreferred(const Endpoint &at) noexcept {
    return at.type == SOCK_DGRAM && at.address.Family() == AF_INET;
}

} // namespace

void ListenerTable::Retire(Listener &listener) noexcept {
    const ListenSpec &spec = listener.spec;
    for (const SlotSocket &socket : listener.sockets) {
        if (spec.at.type == SOCK_STREAM) {
            Unwatch(socket);
            listener.steering->Left(socket);
            // Bound as before, but it does not listen: tcp_disconnect of the kernel.
            static_cast<void>(shutdown(socket.Socket().Get(), SHUT_RD));
            static_cast<void>(BindAgain(socket.Socket(), spec.at.address));
        } else if (IsPreferred(spec.at)) {
            KeepOff(socket.Socket().Get(), spec.at.address);
        }
    }
    listener.retired = true;
}

int ListenerTable::Revive(Listener &listener) noexcept {
    const ListenSpec &spec = listener.spec;
    for (const SlotSocket &socket : listener.sockets) {
        if (spec.at.type == SOCK_STREAM) {
            if (const int error = ListenAgain(socket.Socket(), spec); error != 0)
                return error;
            listener.steering->Joined(socket);
        } else if (IsPreferred(spec.at)) {
            if (const int error = LetIn(socket.Socket().Get(), spec.at.address); error != 0)
                return error;
        }
    }
    listener.retired = false;
    WatchAll(listener);
    listener.active.assign(listener.active.size(), false);
    return 0;
}

int ListenerTable::Serve(Listener &listener, unsigned slot) noexcept {
    if (listener.retired && !let_go)
        if (const int error = Revive(listener); error != 0) {
            Retire(listener);
            return error;
        }
    listener.serving[slot] = true;
    listener.was_served = true;
    return Resume(listener, slot);
}

bool ListenerTable::IsServed(const Listener &listener) const noexcept {
    return HasAny(listener.serving);
}

void ListenerTable::Activate(unsigned slot) noexcept {
    presumed = false;
    ready[slot] = true;
    SteerAll();
}

void ListenerTable::Deactivate(unsigned slot) noexcept {
    ready[slot] = false;
    lost[slot] = true;
    SteerAll();
}

void ListenerTable::Occupy(unsigned slot) noexcept {
    occupied[slot] = true;
    for (Listener &listener : listeners)
        listener.withheld[slot] = false;
}

void ListenerTable::Vacate(unsigned slot) noexcept {
    occupied[slot] = false;
    for (Listener &listener : listeners) {
        listener.serving[slot] = false;
        listener.withheld[slot] = false;
        if (listener.spec.at.address.Family() != AF_UNIX)
            Mend(listener, slot);
    }
    Deactivate(slot);
}

/** Empty or without a slot: as it is. */
std::vector<bool> ListenerTable::Wanted(const Listener &listener) const {
    const bool asked = listener.spec.origin == ListenSpec::Origin::ASKED;
    std::vector<bool> wanted(slots), serving(slots);
    for (unsigned slot = 0; slot < slots; slot++) {
        if (listener.withheld[slot])
            continue;
        serving[slot] = listener.serving[slot];
        wanted[slot] =
            asked && presumed ? !lost[slot] : ready[slot] && (asked || listener.serving[slot]);
    }
    return asked || HasAny(wanted) ? wanted : serving;
}

void ListenerTable::Steer(Listener &listener, Order order) noexcept {
    if (let_go || listener.shared || listener.retired)
        return;
    std::vector<bool> wanted = Wanted(listener);
    if (HasAny(wanted) && wanted != listener.active)
        listener.active = std::move(wanted);
    else if (order == Order::KEPT)
        return;
    std::vector<const SlotSocket *> set;
    for (const SlotSocket &socket : listener.sockets)
        if (listener.active[socket.Slot()])
            set.push_back(&socket);
    listener.steering->SetActive(set);
}

void ListenerTable::SteerAll() noexcept {
    for (Listener &listener : listeners)
        Steer(listener);
}

} // namespace net
