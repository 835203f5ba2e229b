#pragma once

#include "net/Listener.hxx"
#include "net/OpenSocket.hxx"

#include <list>
#include <optional>
#include <vector>

namespace net {

/** What a worker is handed: in the order asked for, for descriptors 3, 4, … */
struct Exported {
    const Listener *listener;
    sys::Fd socket;
};

/** Which listeners there are, and which seats: takes and parks them, and passes on to each listener
 *  what happens to a seat. */
class ListenerTable {
public:
    /** `policy` is borrowed. `seats`: how many each listener has at first. */
    ListenerTable(const SteeringPolicy &policy, unsigned seats) : context(policy, seats) {}
    ~ListenerTable() noexcept { CloseLast(); }
    ListenerTable(const ListenerTable &) = delete;
    ListenerTable &operator=(const ListenerTable &) = delete;

    /** Opens the address with the sockets of all seats, all of them active. The same address a
     *  second time is refused, as is that of another program. The result stays where it is until it
     *  is closed. `bound` is the socket of an adopted unix path, which another process has bound
     *  (BindUnix). Throws OpenError; then nothing of it is left. */
    Listener &Open(const ListenSpec &spec, BoundPath bound = {});

    /** Called after each Open(). */
    void OnOpen(util::BoundMethod<void()> _on_open) { on_open.push_back(_on_open); }

    /** Called when other seats of a listener get its connections than before. */
    void OnSteering(util::BoundMethod<void(const Listener &, Cause)> on_steering) noexcept {
        context.on_steering = on_steering;
    }

    /** Not for adopted unix paths, which are the same only if the file is: FindPath. */
    Listener *Find(const Endpoint &endpoint) noexcept;

    /** The listener, asked for or adopted, whose file has the unix path of `spec`, as its worker
     *  sees that (`as`, `directory`), whether the file is there or not. Throws OpenError with the
     *  error of bind(2) if the directory cannot be reached. */
    Listener *FindPath(const ListenSpec &spec);

    /** The same for a name that was looked up already. */
    Listener *FindPath(const NameInDirectory &name) noexcept;

    /** Which listener the user wants a worker to get that binds `wanted`: one of the same type and
     *  port, whatever its protocol and local address. Best is the same address, then the same
     *  family, then another family that has a sibling for it, then any. Never an adopted one;
     *  nullptr if the port was not asked for. */
    Listener *FindAsked(const Endpoint &wanted) noexcept;

    /** The listener that stands for this one in `family`: itself, or one that is opened beside it
     *  now or was before. nullptr if no address corresponds (SiblingOf), or if the kernel would
     *  prefer an inherited socket, which is not ours to shut. Throws OpenError.
     *
     *  If no worker is ready yet and nobody serves the original, that is withdrawn: its TCP sockets
     *  stop listening, so that its clients are refused or reach the sibling (one that came before
     *  the first worker is reset). An IPv4 UDP socket, which the kernel would prefer, is connected
     *  to itself, so that datagrams go to the sibling; a UDP socket for both families stays as it
     *  is, since IPv4 datagrams go past it anyway, and those of IPv6 are lost in it. Otherwise both
     *  serve, and IPv4 clients reach the AF_INET one of the two. */
    Listener *Sibling(Listener &original, int family);

    /** A placeholder (BindPlaceholder) for a worker's bind(2). It finds its place beside a listener
     *  of this very address if that has the same uid, and beside others if `spec.beside`. Throws
     *  OpenError. */
    sys::UniqueFd Placeholder(const ListenSpec &spec);

    const std::list<Listener> &Listeners() const noexcept { return listeners; }
    std::list<Listener> &Listeners() noexcept { return listeners; }

    /** The listener that has a socket with this inode number. */
    Listener *FindBySocket(std::uint64_t inode) noexcept;

    /** The listeners that were asked for. */
    std::vector<Exported> Exports(unsigned seat) const;

    /** A seat that nobody has: `preferred` if that is free, else a free one, else one more, for
     *  which each listener opens a socket if it has one for each seat. Throws OpenError: it cannot;
     *  then all is as it was. */
    unsigned TakeSeat(std::optional<unsigned> preferred = std::nullopt);

    /** Could TakeSeat() have one, as far as their number goes? */
    bool HasSeat() const noexcept {
        return context.seating.Count() < MOST_SEATS || context.seating.FindFree({});
    }

    /** Nobody needs it any more: it gets no connections. Those that wait in its queues go to
     *  others, if Listener::Rescue can do that, else they wait for its next worker, as its sockets
     *  do. */
    void ParkSeat(unsigned seat) noexcept;

    /** The seat has a worker that is ready. The first one ends the time in which all seats are
     *  taken for active. */
    void Activate(unsigned seat) noexcept;

    /** Its worker is not ready any more: it still serves, but is to get no new connections. */
    void Deactivate(unsigned seat) noexcept;

    /** A worker of it is about to be started; `worker`: its id. */
    void Occupy(unsigned seat, unsigned worker) noexcept;

    /** Its worker has ended. What waits in its queues waits for the next one; a socket that it has
     *  shut down listens again, which the next Repair() returns. */
    void Vacate(unsigned seat) noexcept;

    /** A descriptor that becomes readable when a worker has shut down a listening socket, for
     *  Repair(), and when a connection comes to a parked seat. It belongs to the table. Throws
     *  std::system_error. */
    sys::Fd Alarm();

    /** Lets TCP sockets that a worker has shut down listen again. The seat of such a worker is left
     *  out, while another is active, until it has another worker or this one listens there again
     *  (Listener::Serve). A unix socket cannot listen again: EOPNOTSUPP. One that a worker lets
     *  listen again by itself in the same moment, if nobody sees its listen(2), is not noticed.
     *  Returns what was done since the last call. */
    std::vector<Repaired> Repair() noexcept;

    /** Forgets the listener, which is gone afterwards. The others stay where they are. The
     *  launcher's copies of its sockets are closed by CloseLast(). */
    void Close(Listener &listener) noexcept;

    /** Closes the sockets of listeners that are gone, by a process of its own: once for many. */
    void CloseLast() noexcept;

    /** The cluster stops: closes the launcher's copies, so that clients are refused as soon as the
     *  workers close theirs. */
    void LetGo() noexcept;
    bool HasLetGo() const noexcept { return let_go; }

private:
    unsigned AddSeat();
    void Tell(unsigned seat) noexcept;

    ListenerContext context;
    std::list<Listener> listeners; // addresses stay valid
    std::vector<Repaired> mended; // since the last Repair()
    std::vector<util::BoundMethod<void()>> on_open;
    unsigned last_serial = 0;
    std::vector<sys::UniqueFd> last; // sockets of listeners that are gone
    bool let_go = false;
};

/** The cluster has ended: removes the files of unix sockets. The paths of adopted ones stay, as
 *  they would without a launcher, unless a worker has removed them (HeldPath::SetRemoved). Not
 *  before: workers that remove them at their end expect them to be there. */
void RemoveFiles(ListenerTable &table) noexcept;

} // namespace net
