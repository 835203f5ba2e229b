#pragma once

#include "net/Alarm.hxx"
#include "net/SocketSet.hxx"
#include "net/SocketState.hxx"
#include "net/Steering.hxx"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace net {

class Listener;

/** The reason for a new set of active seats. */
enum class Cause : std::uint8_t {
    SEATS, // a worker, or a seat
    QUEUES, // only how fast workers take them
};

/** What the listeners of a table share. */
struct ListenerContext {
    explicit ListenerContext(const SteeringPolicy &_policy, unsigned seats)
        : policy(_policy), seating(seats) {}

    const SteeringPolicy &policy;
    Seating seating;
    Alarm alarm;
    util::BoundMethod<void(const Listener &, Cause)> on_steering; // or nothing
};

/** What Listener::Rescue has done. */
struct Rescued {
    std::string_view refusal; // why it could not; then nothing was touched
    unsigned moved = 0; // connections that waited, and are the others' now
    int error = 0; // errno if it does not listen again; Repair() and the next worker try again

    explicit operator bool() const noexcept { return refusal.empty(); }
};

/** A socket that a worker had shut down. */
struct Repaired {
    const Listener *listener;
    unsigned seat; // of one socket for all 0, or that of the worker that has ended
    int error; // errno if it does not listen again: until the next worker nobody reaches it
    bool withheld; // others get the connections until the seat has another worker
};

/** What is known of the socket of a seat. */
struct SeatFigures {
    std::optional<std::uint64_t> given; // connections that the seat was given
    std::optional<Queue> queue;
};

/** One address that the cluster serves. It steers itself: it knows its seats and tells its steering
 *  which of them get the new connections.
 *
 *  Of a listener that was asked for: those whose worker is ready, and until the first is, all that
 *  have not died. Of a sibling or an adopted one: those that are ready and serve it; if there is
 *  none, those that serve it. Never a parked seat, or one that Rescue() or Mend() withholds. If
 *  nobody is left, the last set stays in force, so that clients wait rather than being refused. */
class Listener {
public:
    /** Opens the address with the sockets of all seats. `serial`: no other listener of the table
     *  has it. Throws OpenError; then nothing of it is left. */
    Listener(const ListenSpec &spec, ListenerContext &context, unsigned serial,
             BoundPath bound = {});

    /** All that it owns and knows, for a process that makes the same of it. */
    struct Description {
        struct Flags {
            bool active, serving, withheld;

            friend bool operator==(const Flags &, const Flags &) noexcept = default;
        };

        unsigned serial = 0;
        SocketSet::Description sockets;
        std::vector<Flags> seats;
        Steering::Description steering;
        bool withdrawn = false, was_served = false;

        friend bool operator==(const Description &, const Description &) noexcept = default;
    };

    /** From now on it owns the descriptors of the description. `context` has as many seats. */
    Listener(const Description &made, ListenerContext &context);
    Description Describe() const;

    Listener(const Listener &) = delete;
    Listener &operator=(const Listener &) = delete;

    const ListenSpec &Spec() const noexcept { return sockets.Spec(); }
    unsigned Serial() const noexcept { return serial; }

    /** One socket for all seats. */
    bool IsShared() const noexcept { return sockets.IsSingle(); }

    /** A sibling has taken its place: it gets no connections, only its descriptors are still handed
     *  over. It comes back when a worker listens there after all. */
    bool IsWithdrawn() const noexcept { return withdrawn; }

    /** Some worker has listened there at some time. */
    bool WasServed() const noexcept { return was_served; }

    /** Some worker listens there. */
    bool IsServed() const noexcept;

    /** For people: the path from the root of a unix socket with a file, else the address. */
    std::string Where() const {
        return sockets.Held().IsDefined() ? sockets.Path() : Spec().at.address.ToString();
    }

    const Steering &GetSteering() const noexcept { return *steering; }

    const SocketSet &Sockets() const noexcept { return sockets; }
    SocketSet &Sockets() noexcept { return sockets; }

    /** What the worker of the seat accepts from; undefined once it is closed. */
    sys::Fd SocketOf(unsigned seat) const noexcept { return sockets.Of(seat).socket; }

    /** All seats: a listener with one socket for all has it at seat 0. */
    const std::deque<Seat> &Seats() const noexcept { return sockets.Seats(); }

    /** Why the seat gets connections or not. */
    Standing StandingOf(unsigned index) const noexcept;

    /** The worker of the seat listens there. A withdrawn listener comes back, and so does a socket
     *  that was shut down; returns the errno with which the kernel refuses that, else 0. */
    int Serve(unsigned index) noexcept;

    /** Moves what waits in the queue of a seat, with the data that is there, to others, even while
     *  a hung worker holds the socket: the kernel does so when it stops listening (shutdown(2)). It
     *  listens again at once, but the seat gets no connection there until it has another worker, or
     *  its worker listens there again (Serve). A steering that can rescue chooses among the active
     *  seats; without it net.ipv4.tcp_migrate_req (Linux 5.14) has to be 1 in this network
     *  namespace, and the kernel chooses among all that listen, active or not. A handshake that was
     *  half open stays with the socket and ends in its queue: a second call moves it. Refused if
     *  that cannot be had, and if nobody else is active: then nothing is touched.
     *
     *  If NOBODY else holds the socket, because its worker has closed it and lives on, what cannot
     *  be moved is reset, as by the close(2) of the only descriptor. */
    enum class Holder : bool { WORKER, NOBODY };
    Rescued Rescue(unsigned index, Holder holder = Holder::WORKER) noexcept;

    /** Lets a TCP socket that a worker has shut down listen again; the seat is withheld if it has a
     *  worker. A unix socket cannot listen again: EOPNOTSUPP. Empty: it listens. What has come into
     *  the queue of a parked seat goes to the active ones, if that can be done. */
    std::optional<Repaired> Mend(unsigned index) noexcept;

    // The table says what has happened to a seat, after its Seating knows.

    /** There is one more. Throws OpenError; then it is as it was. */
    void AddSeat();

    /** The last one, which was added a moment ago, goes again. */
    void DropSeat() noexcept;

    /** A worker is about to be started or has ended, or the seat was taken or parked. What waits in
     *  the queue of a parked seat goes to the others. Returns what the worker had shut down. */
    std::optional<Repaired> OnSeat(unsigned index) noexcept;

    enum class Order : bool { KEPT, CHANGED }; // of the sockets in their group

    /** A worker became ready or leaves. */
    void Steer(Order order = Order::KEPT) noexcept;

    /** A sibling takes its place. */
    void Withdraw() noexcept;

    /** The socket raises the alarm from now on, if it listens. */
    void Watch(const Seat &seat) noexcept;

    /** Moves the launcher's copies to `last`: to close one may wait, see sys::CloseElsewhere. */
    void Close(std::vector<sys::UniqueFd> &last) noexcept;

private:
    std::vector<bool> Wanted() const;
    int Revive() noexcept;
    int Relisten(const Seat &seat) noexcept;
    void OnPace() noexcept;

    ListenerContext &context;
    const unsigned serial;
    SocketSet sockets;
    std::unique_ptr<Steering> steering;
    bool withdrawn = false;
    bool was_served = false;
};

/** What is known of a seat's socket; of one socket for all it is about all seats. */
SeatFigures FiguresOf(const Listener &listener, unsigned index) noexcept;

} // namespace net
