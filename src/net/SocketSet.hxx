#pragma once

#include "net/HeldPath.hxx"
#include "net/ListenSpec.hxx"
#include "net/OpenSocket.hxx"
#include "net/Seating.hxx"
#include "net/UnixFile.hxx"

#include <deque>
#include <vector>

namespace net {

/** The sockets of one listener, one for each seat or one for all seats, and the path that leads to
 *  it. It opens, stops and closes them. Which of them get connections is for Listener to decide. */
class SocketSet {
public:
    /** All that it owns, for a process that makes the same of it. */
    struct Description {
        ListenSpec spec;
        bool single = false;
        std::vector<int> sockets; // the descriptor of each seat; -1: none
        UnixFile::State file;
        HeldPath::State path;
        int directory = -1; // of the path; -1: there is none

        friend bool operator==(const Description &, const Description &) noexcept = default;
    };

    /** `single`: one socket for all seats. `bound`: see ListenerTable::Open. */
    SocketSet(const ListenSpec &_spec, bool single, BoundPath bound = {});

    /** From now on it owns the descriptors of the description. */
    SocketSet(const Description &made, const Seating &seating);
    Description Describe() const;

    SocketSet(const SocketSet &) = delete;
    SocketSet &operator=(const SocketSet &) = delete;

    const ListenSpec &Spec() const noexcept { return spec; }
    bool IsSingle() const noexcept { return single; }
    bool IsClosed() const noexcept { return closed; }
    const HeldPath &Held() const noexcept { return path; }
    HeldPath &Held() noexcept { return path; }

    /** From the root, of a unix socket that has a file; empty for others. `Spec()` has it as it was
     *  written. */
    std::string Path() const { return path.IsDefined() ? path.At().ToString() : std::string(); }

    bool IsUnix() const noexcept { return spec.at.address.Family() == AF_UNIX; }
    bool IsStream() const noexcept { return spec.at.type == SOCK_STREAM; }

    const std::deque<Seat> &Seats() const noexcept { return seats; }
    std::deque<Seat> &Seats() noexcept { return seats; }

    /** The seat whose socket the worker of `seat` accepts from. */
    const Seat &Of(unsigned seat) const noexcept { return seats[single ? 0 : seat]; }
    Seat &Of(unsigned seat) noexcept { return seats[single ? 0 : seat]; }

    /** One more seat, with its socket bound if it needs one. Throws OpenError; then it is as it
     *  was. */
    Seat &Add(const Occupant &occupant);

    /** A stream socket that was added listens. Throws OpenError. */
    void Listen(const Seat &seat);

    /** Closes its socket. */
    void RemoveLast() noexcept { seats.pop_back(); }

    /** The first socket, which was the only one, is from now on that of seat 0. */
    void Split() noexcept;
    void Unite() noexcept { single = true; }

    /** Lets others of the same user bind beside it, if they ask for that. If a socket refuses,
     *  their bind fails. */
    void Admit() const noexcept;

    /** A worker has shut it down. A unix socket still says that it listens, but refuses every
     *  connection. */
    bool HasStopped(const Seat &seat) const noexcept;

    /** Lets a stream socket listen that has stopped. Returns 0 or errno; EOPNOTSUPP: a unix
     *  socket. */
    int Relisten(const Seat &seat) const noexcept;

    /** Lets it stop: what waits in its queue goes to others, see Listener::Rescue. */
    void Stop(const Seat &seat) const noexcept;

    /** Takes a sibling's clients to that: the socket stays bound, but does not listen or receive
     *  any more. An IPv4 UDP socket, which the kernel would prefer, is connected to itself; one for
     *  both families stays as it is. */
    void KeepOff(const Seat &seat) const noexcept;

    /** The opposite. Returns 0 or errno. */
    int LetIn(const Seat &seat) const noexcept;

    /** Removes the file of an asked unix socket, and the second name of any. */
    void RemoveFiles() noexcept;

    /** Moves the sockets to `last`: to close one may wait, see sys::CloseElsewhere. */
    void Close(std::vector<sys::UniqueFd> &last) noexcept;

private:
    void OpenFirst(Seat &seat);
    Place FirstPlace() const noexcept;

    ListenSpec spec;
    bool single;
    bool closed = false;
    std::deque<Seat> seats; // addresses stay valid
    UnixFile file; // of a unix path that was asked for
    HeldPath path;
    sys::UniqueFd bound; // the first socket, until there is a seat
};

} // namespace net
