#include "net/SocketSet.hxx"
#include "net/ListenAgain.hxx"
#include "net/SocketState.hxx"
#include "sys/RunElsewhere.hxx"

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>

namespace net {

namespace {

using Origin = ListenSpec::Origin;
using Source = ListenSpec::Source;

/** Only what it sends to itself reaches it then: connect(2) on a datagram socket. */
void ConnectToItself(int fd, const Address &at) noexcept {
    const Address loopback = Address::FromLiteral("127.0.0.1", at.Port().value_or(0)).value_or(at);
    const Address &self = at.IsWildcard() ? loopback : at;
    static_cast<void>(connect(fd, self.Get(), self.Length()));
}

/** Disconnects the socket, which stays bound: udp_disconnect of the kernel. */
int Disconnect(int fd, const Address &at) noexcept {
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

SocketSet::SocketSet(const ListenSpec &_spec, bool _single, BoundPath _bound)
    : spec(_spec), single(_single), path(std::move(_bound.path)), bound(std::move(_bound.socket)) {
    spec.any_port = spec.source == Source::OPENED && spec.at.address.Port() == 0U;
}

SocketSet::SocketSet(const Description &made, const Seating &seating)
    : spec(made.spec), single(made.single), file(made.file) {
    for (const int fd : made.sockets) {
        const auto index = static_cast<unsigned>(seats.size());
        seats.emplace_back(index, seating.At(index), sys::Reclaim(fd));
    }
    if (made.directory >= 0)
        path = HeldPath(made.path, sys::Reclaim(made.directory));
}

SocketSet::Description SocketSet::Describe() const {
    Description description = {
        spec, single, {}, file.Describe(), path.Describe(), path.At().Directory().Get()};
    for (const Seat &seat : seats)
        description.sockets.push_back(seat.socket.Get());
    return description;
}

Place SocketSet::FirstPlace() const noexcept {
    switch (spec.origin) {
    case Origin::SIBLING:
        return Place::JOINS; // the original is there already
    case Origin::ADOPTED:
        // Other workers' placeholders will stand beside it.
        return spec.beside ? Place::JOINS : Place::FIRST;
    case Origin::ASKED:
        break;
    }
    return single ? Place::ALONE : Place::FIRST;
}

void SocketSet::OpenFirst(Seat &seat) {
    if (bound.IsDefined()) {
        seat.socket = std::move(bound);
    } else if (spec.source == Source::INHERITED) {
        seat.socket = TakeInherited(spec);
    } else if (IsUnix()) {
        seat.socket = BindUnix(spec, path);
        if (path.IsDefined() && spec.origin == Origin::ASKED)
            file = UnixFile(spec.at.address.Host());
    } else {
        seat.socket = BindInet(spec, FirstPlace());
    }
    if (spec.name.empty())
        spec.name = DefaultName(spec.at);
}

Seat &SocketSet::Add(const Occupant &occupant) {
    Seat &seat = seats.emplace_back(static_cast<unsigned>(seats.size()), occupant);
    if (closed)
        return seat;
    try {
        if (seat.index == 0)
            OpenFirst(seat);
        else if (!single)
            seat.socket = BindInet(spec, Place::JOINS);
    } catch (...) {
        seats.pop_back();
        throw;
    }
    return seat;
}

void SocketSet::Listen(const Seat &seat) {
    // A worker's own listen(2) is to reach one with a backlog below 0.
    if (IsStream() && spec.backlog >= 0 && spec.source == Source::OPENED && seat.socket.IsDefined())
        net::Listen(seat.socket, spec);
}

void SocketSet::Split() noexcept {
    single = false;
    Admit();
}

void SocketSet::Admit() const noexcept {
    const auto is_open = [](const Seat &seat) {
        int is_on = 0;
        socklen_t length = sizeof(is_on);
        return getsockopt(seat.socket.Get(), SOL_SOCKET, SO_REUSEPORT, &is_on, &length) == 0 &&
               is_on != 0;
    };
    if (std::all_of(seats.begin(), seats.end(), is_open))
        return;
    sys::RunElsewhere([this] {
        const int on = 1;
        for (const Seat &seat : seats)
            setsockopt(seat.socket.Get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
        return 0;
    });
}

bool SocketSet::HasStopped(const Seat &seat) const noexcept {
    if (!seat.socket.IsDefined() || !IsStream())
        return false;
    return IsUnix() ? IsListening(seat.socket) && IsShut(seat.socket) : !IsListening(seat.socket);
}

int SocketSet::Relisten(const Seat &seat) const noexcept {
    // listen(2) takes a unix socket and changes nothing.
    if (IsUnix())
        return EOPNOTSUPP;
    return sys::RunElsewhere([&] { return ListenAgain(seat.socket, spec); });
}

void SocketSet::Stop(const Seat &seat) const noexcept {
    sys::RunElsewhere([&] { return shutdown(seat.socket.Get(), SHUT_RD); });
}

void SocketSet::KeepOff(const Seat &seat) const noexcept {
    sys::RunElsewhere([&] {
        if (IsStream()) {
            // Bound as before, but it does not listen: tcp_disconnect of the kernel.
            static_cast<void>(shutdown(seat.socket.Get(), SHUT_RD));
            static_cast<void>(BindAgain(seat.socket, spec.at.address));
        } else if (IsPreferred(spec.at)) {
            ConnectToItself(seat.socket.Get(), spec.at.address);
        }
        return 0;
    });
}

int SocketSet::LetIn(const Seat &seat) const noexcept {
    return sys::RunElsewhere([&] {
        if (IsStream())
            return ListenAgain(seat.socket, spec);
        return IsPreferred(spec.at) ? Disconnect(seat.socket.Get(), spec.at.address) : 0;
    });
}

void SocketSet::RemoveFiles() noexcept {
    file.Remove();
    path.LetGo();
}

void SocketSet::Close(std::vector<sys::UniqueFd> &last) noexcept {
    for (Seat &seat : seats)
        if (seat.socket.IsDefined())
            last.push_back(std::move(seat.socket));
    closed = true;
}

} // namespace net
