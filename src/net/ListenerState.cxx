#include "net/ListenerTable.hxx"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>

// The second half of ListenerTable: who serves a listener, which slots are active, and a listener whose place a
// sibling has taken.

namespace net {

namespace {

bool HasAny(const std::vector<bool> &set) noexcept {
    return std::find(set.begin(), set.end(), true) != set.end();
}

/** A port that the kernel chose is lost when the socket ends what it did (SOCK_BINDPORT_LOCK of the kernel): it is
 *  taken again. Where it is not lost bind(2) says EINVAL. Returns 0 or errno. */
int BindAgain(int fd, const Address &at) noexcept {
    return bind(fd, at.Get(), at.Length()) == 0 || errno == EINVAL ? 0 : errno;
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
    return BindAgain(fd, at);
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
            listener.steering->Left(socket);
            // Bound as before, but it does not listen: tcp_disconnect of the kernel.
            static_cast<void>(shutdown(socket.Socket().Get(), SHUT_RD));
            static_cast<void>(BindAgain(socket.Socket().Get(), spec.at.address));
        } else if (IsPreferred(spec.at)) {
            KeepOff(socket.Socket().Get(), spec.at.address);
        }
    }
    listener.retired = true;
}

int ListenerTable::Revive(Listener &listener) noexcept {
    const ListenSpec &spec = listener.spec;
    for (const SlotSocket &socket : listener.sockets) {
        const int fd = socket.Socket().Get();
        if (spec.at.type == SOCK_STREAM) {
            if (const int error = BindAgain(fd, spec.at.address); error != 0)
                return error;
            if (listen(fd, spec.backlog) != 0)
                return errno;
            listener.steering->Joined(socket);
        } else if (IsPreferred(spec.at)) {
            if (const int error = LetIn(fd, spec.at.address); error != 0)
                return error;
        }
    }
    listener.retired = false;
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
    Steer(listener);
    return 0;
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

void ListenerTable::Vacate(unsigned slot) noexcept {
    for (Listener &listener : listeners)
        listener.serving[slot] = false;
    Deactivate(slot);
}

/** Empty or without a slot: as it is. */
std::vector<bool> ListenerTable::Wanted(const Listener &listener) const {
    if (listener.spec.origin == ListenSpec::Origin::ASKED) {
        std::vector<bool> wanted = presumed ? lost : ready;
        if (presumed)
            wanted.flip();
        return wanted;
    }
    std::vector<bool> wanted(slots);
    for (unsigned slot = 0; slot < slots; slot++)
        wanted[slot] = listener.serving[slot] && ready[slot];
    return HasAny(wanted) ? wanted : listener.serving;
}

void ListenerTable::Steer(Listener &listener) noexcept {
    if (let_go || listener.shared || listener.retired)
        return;
    std::vector<bool> wanted = Wanted(listener);
    if (!HasAny(wanted) || wanted == listener.active)
        return;
    listener.active = std::move(wanted);
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
