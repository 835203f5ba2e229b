#include "net/ListenAgain.hxx"
#include "net/ListenerTable.hxx"
#include "net/SocketState.hxx"
#include "sys/Error.hxx"
#include "sys/File.hxx"
#include "util/Text.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

// The third part of ListenerTable: slot sockets that stop listening, by our will (Rescue) or by a worker's (Repair).

namespace net {

namespace {

/** Of this network namespace (ip-sysctl of the kernel, since 5.14). */
bool KernelMigrates() noexcept {
    const auto text = sys::ReadFile("/proc/sys/net/ipv4/tcp_migrate_req");
    return text && util::Trim(*text) == "1";
}

bool IsUnix(const Listener &listener) noexcept {
    return listener.Spec().at.address.Family() == AF_UNIX;
}

/** By a shutdown(2). A unix socket still says that it listens, but refuses every connection. */
bool HasStopped(const Listener &listener, sys::Fd socket) noexcept {
    if (!socket.IsDefined() || listener.Spec().at.type != SOCK_STREAM)
        return false;
    return IsUnix(listener) ? IsListening(socket) && IsShut(socket) : !IsListening(socket);
}

std::uint64_t KeyOf(unsigned serial, unsigned slot) noexcept {
    return (static_cast<std::uint64_t>(serial) << 32) | slot;
}

} // namespace

std::string_view ListenerTable::WhyNoRescue(const Listener &listener,
                                            unsigned slot) const noexcept {
    const Endpoint &at = listener.spec.at;
    if (let_go)
        return "the cluster stops";
    if (listener.shared)
        return "all workers accept from one socket";
    if (listener.retired)
        return "a sibling has taken its place";
    if (at.type != SOCK_STREAM)
        return "its sockets have no connections";
    if (at.protocol == IPPROTO_MPTCP)
        return "the kernel resets the connections of a Multipath TCP socket";
    std::vector<bool> others = Wanted(listener);
    others[slot] = false;
    if (std::find(others.begin(), others.end(), true) == others.end())
        return "no other slot is active";
    if (!listener.steering->CanRescue() && !KernelMigrates())
        return "the kernel would reset the connections: net.ipv4.tcp_migrate_req is 0, and no "
               "kernel program moves them";
    return {};
}

Rescued ListenerTable::Rescue(Listener &listener, unsigned slot) noexcept {
    if (const std::string_view why = WhyNoRescue(listener, slot); !why.empty())
        return {why};
    const SlotSocket &socket = listener.sockets[slot];
    listener.withheld[slot] = true;
    Steer(listener); // nothing that comes now is for it
    Unwatch(socket);
    const unsigned waiting = WaitingConnections(socket.Socket());
    listener.steering->Left(socket);
    static_cast<void>(shutdown(socket.Socket().Get(), SHUT_RD));
    const int error = Restart(listener, socket);
    Steer(listener, Order::CHANGED);
    Watch(listener, socket); // one that does not listen is repaired
    return {{}, waiting, error};
}

int ListenerTable::Restart(const Listener &listener, const SlotSocket &socket) noexcept {
    if (IsUnix(listener))
        return EOPNOTSUPP; // listen(2) takes it and changes nothing
    if (const int error = ListenAgain(socket.Socket(), listener.spec); error != 0)
        return error;
    listener.steering->Joined(socket);
    return 0;
}

int ListenerTable::Resume(Listener &listener, unsigned slot) noexcept {
    listener.withheld[slot] = false;
    const SlotSocket &socket = SlotSocketOf(listener, slot);
    int error = 0;
    const bool stopped =
        !let_go && !listener.retired && !IsUnix(listener) && HasStopped(listener, socket.Socket());
    if (stopped) {
        listener.steering->Left(socket);
        error = Restart(listener, socket);
    }
    Steer(listener, stopped ? Order::CHANGED : Order::KEPT);
    return error;
}

void ListenerTable::Mend(Listener &listener, unsigned slot) noexcept {
    const SlotSocket &socket = SlotSocketOf(listener, slot);
    if (let_go || listener.retired || !HasStopped(listener, socket.Socket()))
        return;
    if (!listener.shared)
        listener.withheld[slot] = occupied[slot];
    listener.steering->Left(socket);
    const int error = Restart(listener, socket);
    Steer(listener, Order::CHANGED);
    mended.push_back({&listener, slot, error, !listener.shared && !listener.active[slot]});
}

sys::Fd ListenerTable::Alarm() {
    if (!alarm.IsDefined()) {
        alarm = sys::UniqueFd(sys::AdoptTag(), epoll_create1(EPOLL_CLOEXEC));
        if (!alarm.IsDefined())
            throw sys::MakeErrno("cannot watch the listening sockets");
        for (const Listener &listener : listeners)
            WatchAll(listener);
    }
    return alarm;
}

/** Not for one that waits for its worker's own listen(2). */
void ListenerTable::WatchAll(const Listener &listener) noexcept {
    if (listener.spec.backlog >= 0)
        for (const SlotSocket &socket : listener.sockets)
            Watch(listener, socket);
}

/** Edge-triggered, for what a listening socket never says otherwise: arrivals wake nobody. Once more for one that is
 *  watched asks anew. Where the kernel has no room for it the end of the worker is still looked at. */
void ListenerTable::Watch(const Listener &listener, const SlotSocket &socket) noexcept {
    if (!alarm.IsDefined() || let_go || listener.retired || listener.spec.at.type != SOCK_STREAM)
        return;
    epoll_event event = {};
    event.events = EPOLLRDHUP | EPOLLET; // EPOLLHUP always is
    event.data.u64 = KeyOf(listener.serial, socket.Slot());
    const int fd = socket.Socket().Get();
    if (epoll_ctl(alarm.Get(), EPOLL_CTL_ADD, fd, &event) != 0 && errno == EEXIST)
        epoll_ctl(alarm.Get(), EPOLL_CTL_MOD, fd, &event);
}

/** Before it is closed: the copies of the workers would keep it in the set. */
void ListenerTable::Unwatch(const SlotSocket &socket) noexcept {
    if (alarm.IsDefined() && socket.Socket().IsDefined())
        epoll_ctl(alarm.Get(), EPOLL_CTL_DEL, socket.Socket().Get(), nullptr);
}

std::vector<Repaired> ListenerTable::Repair() noexcept {
    std::array<epoll_event, 64> events = {}; // what is left makes the alarm readable again
    const int found =
        alarm.IsDefined() ? epoll_wait(alarm.Get(), events.data(), events.size(), 0) : 0;
    for (int i = 0; i < found; i++) {
        const std::uint64_t key = events[static_cast<std::size_t>(i)].data.u64;
        for (Listener &listener : listeners)
            if (listener.serial == key >> 32)
                Mend(listener, static_cast<unsigned>(key));
    }
    return std::exchange(mended, {});
}

SlotFigures ListenerTable::FiguresOf(const Listener &listener, unsigned slot) const noexcept {
    const SlotSocket &socket = SlotSocketOf(listener, slot);
    if (listener.retired)
        return {};
    return {listener.steering->Given(socket),
            socket.Socket().IsDefined() ? QueueOf(socket.Socket()) : std::nullopt};
}

} // namespace net
