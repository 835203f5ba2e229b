#pragma once

#include "net/Listener.hxx"
#include "net/OpenSocket.hxx"
#include "net/SocketState.hxx"
#include "util/BoundMethod.hxx"

#include <list>
#include <optional>
#include <string_view>
#include <vector>

namespace net {

/** What a worker is handed: in the order asked for, for descriptors 3, 4, … */
struct Exported {
    const Listener *listener;
    sys::Fd socket;
};

/** What ListenerTable::Rescue has done. */
struct Rescued {
    std::string_view refusal; // why it could not; then nothing was touched
    unsigned moved = 0; // connections that waited, and are the others' now
    int error = 0; // errno where it does not listen again; Repair() and the next worker try anew

    explicit operator bool() const noexcept { return refusal.empty(); }
};

/** A socket that a worker had shut down. */
struct Repaired {
    const Listener *listener;
    unsigned slot; // of a shared one 0, or that of the worker that has ended
    int error; // errno where it does not listen again: until the next worker nobody reaches it
    bool withheld; // others get the connections until the slot has another worker
};

/** What is known of a slot socket. */
struct SlotFigures {
    std::optional<std::uint64_t> given; // connections that the slot was given
    std::optional<Queue> queue;
};

/** Opens and owns every listening socket of the cluster; the only one that tells the steering.
 *
 *  Which slots get the new connections of a listener: of one that was asked for, those whose worker is
 *  ready, and until the first is, all that have not died. Of a sibling or an adopted one, those that are
 *  ready and serve it; where there is none, those that serve it. None of these where Rescue() or Repair() has
 *  taken the slot out. Where nobody is left the last set stays in force, so that clients wait rather than being
 *  refused. */
class ListenerTable {
public:
    /** `policy` is borrowed. */
    ListenerTable(const SteeringPolicy &_policy, unsigned _slots)
        : policy(_policy), slots(_slots), ready(_slots), lost(_slots), occupied(_slots),
          taken(_slots) {}

    /** Opens the address with all its slot sockets, all of them active. The same address a second time
     *  is refused, as is that of another program. The result stays where it is until it is closed.
     *  Throws OpenError; then nothing of it is left. */
    Listener &Open(const ListenSpec &spec);

    /** Called after each Open(). */
    void OnOpen(util::BoundMethod<void()> _on_open) noexcept { on_open = _on_open; }

    /** Not for adopted unix paths, which are the same only where the file is: FindPath. */
    Listener *Find(const Endpoint &endpoint) noexcept;

    /** The listener, asked for or adopted, whose file has the unix path of `spec`, as its worker sees that (`as`,
     *  `directory`), whether the file is there or not. Throws OpenError with what bind(2) would say where the
     *  directory cannot be reached. */
    Listener *FindPath(const ListenSpec &spec);

    /** A worker binds the path of this listener (FindPath): puts the file back, with the worker's rights, where
     *  that worker or another program has removed it. Returns 0 where the file is there; EADDRINUSE: another file
     *  has the path; ENOENT: it is gone and nothing is left to restore it from (no second name, see HeldPath), so that
     *  nobody can reach the listener any more; else the errno of linkat(2). */
    int Relink(Listener &listener, const std::optional<sys::ProcessIds> &as) {
        return listener.path.Restore(as);
    }

    /** Which listener the user wants a worker to get that binds `wanted`: one of the same type and port,
     *  whatever its protocol and local address. Best is the same address, then the same family, then another
     *  family that has a sibling for it, then any. Never an adopted one; nullptr where the port was not
     *  asked for. */
    Listener *FindAsked(const Endpoint &wanted) noexcept;

    /** The listener that stands for this one in `family`: itself, or one that is opened beside it now or
     *  was before. nullptr where no address corresponds (SiblingOf), or where the kernel would prefer an
     *  inherited socket, which is not ours to shut. Throws OpenError.
     *
     *  If no slot is ready yet and nobody serves the original, that is retired: its TCP sockets stop
     *  listening, so that its clients are refused or reach the sibling (one that came before the first
     *  worker is reset). An IPv4 UDP socket, which the kernel would prefer, is connected to itself, so that
     *  datagrams go to the sibling; a UDP socket for both families stays as it is, since IPv4 datagrams go
     *  past it anyway, and those of IPv6 are lost in it. Otherwise both serve, and IPv4 clients reach the
     *  AF_INET one of the two. */
    Listener *Sibling(Listener &original, int family);

    /** A placeholder (BindPlaceholder) for a worker's bind(2), which also finds its place beside our own
     *  listeners. Throws OpenError. */
    sys::UniqueFd Placeholder(const ListenSpec &spec);

    const std::list<Listener> &Listeners() const noexcept { return listeners; }
    std::list<Listener> &Listeners() noexcept { return listeners; }

    /** The listener that has a socket with this inode number. */
    Listener *FindBySocket(std::uint64_t inode) noexcept;

    /** The listeners that were asked for. */
    std::vector<Exported> Exports(unsigned slot) const;

    /** What the slot accepts from; undefined once the table has let go. */
    sys::Fd SocketOf(const Listener &listener, unsigned slot) const noexcept {
        return SlotSocketOf(listener, slot).Socket();
    }

    /** All its sockets, by slot; none once the table has let go. */
    std::vector<sys::Fd> SocketsOf(const Listener &listener) const;

    /** The worker of the slot listens there. A retired listener comes back, and so does a socket that was shut
     *  down; returns the errno with which the kernel refuses that, else 0. */
    int Serve(Listener &listener, unsigned slot) noexcept;

    /** Some worker listens there. */
    bool IsServed(const Listener &listener) const noexcept;

    /** A seat that nobody has, `preferred` if that is free. */
    unsigned TakeSeat(std::optional<unsigned> preferred = std::nullopt);

    /** Nobody needs it any more. */
    void ParkSeat(unsigned seat) noexcept { taken[seat] = false; }

    /** The slot has a worker that is ready. The first one ends the time in which all slots are taken for
     *  active. */
    void Activate(unsigned slot) noexcept;

    /** Its worker is not ready any more: it still serves, but is to get no new connections. */
    void Deactivate(unsigned slot) noexcept;

    /** A worker of it is about to be started. */
    void Occupy(unsigned slot) noexcept;

    /** Its worker has ended. What waits in its queues waits for the next one; a socket that it has shut down
     *  listens again, which the next Repair() returns. */
    void Vacate(unsigned slot) noexcept;

    /** Moves what waits in the queue of a slot, with the data that is there, to others, even while a hung worker
     *  holds the socket: the kernel does so when it stops listening (shutdown(2)). It listens again at once, but
     *  the slot gets no connection there until it has another worker, or its worker listens there again (Serve).
     *  A steering that can rescue chooses among the active slots; without it net.ipv4.tcp_migrate_req (Linux
     *  5.14) has to be 1 in this network namespace, and the kernel chooses among all that listen, active or not.
     *  A handshake that was half open stays with the socket and ends in its queue: a second call moves it.
     *  Refused where that cannot be had, and where nobody else is active: then nothing is touched. */
    Rescued Rescue(Listener &listener, unsigned slot) noexcept;

    /** A descriptor that becomes readable when a worker has shut down a listening socket, for Repair(), and never
     *  otherwise. It belongs to the table. Throws std::system_error. */
    sys::Fd Alarm();

    /** Lets TCP sockets that a worker has shut down listen again. The slot of such a worker is left out, while
     *  another is active, until it has another worker or this one listens there again (Serve). A unix socket cannot
     *  listen again: EOPNOTSUPP. One that a worker lets listen again by itself in the same moment, where nobody sees
     *  its listen(2), is not noticed. Returns what was done since the last call. */
    std::vector<Repaired> Repair() noexcept;

    /** What is known of the slot's socket; of a shared one it is about all slots. After LetGo() nothing is of its
     *  queue. */
    SlotFigures FiguresOf(const Listener &listener, unsigned slot) const noexcept;

    /** Closes the launcher's copies of its sockets and forgets the listener, which is gone afterwards. The
     *  others stay where they are. */
    void Close(Listener &listener) noexcept;

    /** The cluster stops: closes the launcher's copies and removes the files of unix sockets, so that
     *  clients are refused as soon as the workers close theirs. The paths of adopted ones stay, as they would
     *  without a launcher. */
    void LetGo() noexcept;
    bool HasLetGo() const noexcept { return let_go; }

private:
    static Place FirstPlace(const ListenSpec &spec, bool shared) noexcept;
    void OpenGroup(Listener &listener) const;
    static void OpenShared(Listener &listener);
    static void Admit(const Listener &listener) noexcept;
    void Retire(Listener &listener) noexcept;
    int Revive(Listener &listener) noexcept;
    std::string_view WhyNoRescue(const Listener &listener, unsigned slot) const noexcept;
    static int Restart(const Listener &listener, const SlotSocket &socket) noexcept;
    int Resume(Listener &listener, unsigned slot) noexcept;
    void Mend(Listener &listener, unsigned slot) noexcept;
    void WatchAll(const Listener &listener) noexcept;
    void Watch(const Listener &listener, const SlotSocket &socket) noexcept;
    void Unwatch(const SlotSocket &socket) noexcept;
    void AddSeat();

    const SlotSocket &SlotSocketOf(const Listener &listener, unsigned slot) const noexcept {
        return listener.sockets[listener.shared ? 0 : slot];
    }

    enum class Order : bool { KEPT, CHANGED }; // of the sockets in their group

    std::vector<bool> Wanted(const Listener &listener) const;
    void Steer(Listener &listener, Order order = Order::KEPT) noexcept;
    void SteerAll() noexcept;

    const SteeringPolicy &policy;
    unsigned slots;
    std::list<Listener> listeners; // addresses stay valid
    std::vector<bool> ready; // by slot
    std::vector<bool> lost; // by slot: has died before the first was ready
    std::vector<bool> occupied; // by slot: has a worker
    std::vector<bool> taken;
    std::vector<Repaired> mended; // since the last Repair()
    sys::UniqueFd alarm; // epoll(7), once asked for
    util::BoundMethod<void()> on_open; // or nothing
    unsigned last_serial = 0;
    bool presumed = true; // none was ready yet
    bool let_go = false;
};

} // namespace net
