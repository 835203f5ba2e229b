#include "harness/TempDir.hxx"
#include "unit/net/Tables.hxx"

#include <doctest/doctest.h>

#include <sys/resource.h>

using namespace net;
using namespace unit;

namespace {

/** A worker has a seat and is ready. */
void Serve(ListenerTable &table, unsigned seat, unsigned worker) {
    table.Occupy(seat, worker);
    table.Activate(seat);
}

/** Has no program, and clients that connect when a socket joins. */
class Dialler final : public Steering {
public:
    explicit Dialler(std::vector<sys::UniqueFd> &_clients) : clients(_clients) {}

    void Joined(const Seat &seat) override {
        const Address at = Address::OfSocket(seat.socket.Get());
        for (int i = 0; i < 20; i++) {
            clients.emplace_back(sys::AdoptTag(),
                                 socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            static_cast<void>(connect(clients.back().Get(), at.Get(), at.Length()));
        }
    }
    void Left(const Seat &) noexcept override {}
    void SetActive(std::span<const Seat *const>) noexcept override {}
    TierReport Tier() const override { return {"dialler", ""}; }

private:
    std::vector<sys::UniqueFd> &clients;
};

class DiallerPolicy final : public SteeringPolicy {
public:
    bool WantsGroup() const noexcept override { return true; }
    std::unique_ptr<Steering> Steer(const ListenSpec &, bool) const override {
        return std::make_unique<Dialler>(clients);
    }

    mutable std::vector<sys::UniqueFd> clients;
};

unsigned Port(const Listener &listener) {
    return listener.Spec().at.address.Port().value();
}

} // namespace

TEST_CASE("a seat: the preferred one if it is free, else the first free one, else one more") {
    const Policy policy(true);
    ListenerTable table(policy, 3);
    CHECK(table.TakeSeat(1) == 1);
    CHECK(table.TakeSeat(1) == 0);
    CHECK(table.TakeSeat() == 2);
    CHECK(table.TakeSeat(2) == 3);
    CHECK(table.TakeSeat(9) == 4);
    table.ParkSeat(3);
    table.ParkSeat(1);
    CHECK(table.TakeSeat(3) == 3);
    CHECK(table.TakeSeat() == 1);
    CHECK(table.TakeSeat() == 5);
}

TEST_CASE("one more seat: a socket more for each group, none for what is shared") {
    const harness::TempDir directory;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    Listener &web = table.Open(Tcp());
    ListenSpec spec = Tcp();
    spec.at.type = SOCK_DGRAM;
    Listener &udp = table.Open(spec);
    Listener &path = table.Open(UnixPath(directory / "x.sock"));
    for (const unsigned seat : {0U, 1U})
        table.TakeSeat(seat), Serve(table, seat, 10 + seat);
    policy.Take();
    CHECK(table.TakeSeat() == 2);
    CHECK(policy.Take() == "+2L+2"); // not active
    CHECK(Address::OfSocket(web.SocketOf(2).Get()) == web.Spec().at.address);
    CHECK(Address::OfSocket(udp.SocketOf(2).Get()) == udp.Spec().at.address);
    CHECK(path.SocketOf(2) == path.SocketOf(0));
    CHECK(table.Exports(2).size() == 3);
    CHECK(web.StandingOf(2) == Standing::NOT_READY);
    Serve(table, 2, 12);
    CHECK(policy.Take() == "{012}{012}");
    CHECK(web.StandingOf(2) == Standing::ACTIVE);
    CHECK(path.StandingOf(2) == Standing::ACTIVE);
}

TEST_CASE("the one socket of a single seat becomes the first of a group") {
    const Policy policy(true);
    ListenerTable table(policy, 1);
    Listener &listener = table.Open(Tcp());
    CHECK(listener.IsShared());
    table.TakeSeat(0), Serve(table, 0, 1);
    const int first = listener.SocketOf(0).Get();
    policy.Take();
    CHECK(table.TakeSeat() == 1);
    CHECK_FALSE(listener.IsShared());
    CHECK(policy.Take() == "tcp*+0L+1L{0}");
    CHECK(listener.SocketOf(0).Get() == first);
    CHECK(listener.SocketOf(1).Get() != first);
    const auto client = Dial(listener.Spec().at.address);
    CHECK(client.IsDefined());
    Serve(table, 1, 2);
    CHECK(policy.Take() == "{01}");

    const Policy none(false);
    ListenerTable shared(none, 1);
    Listener &one = shared.Open(Tcp());
    CHECK(shared.TakeSeat() == 0);
    CHECK(shared.TakeSeat() == 1);
    CHECK(one.IsShared());
    CHECK(one.SocketOf(1) == one.SocketOf(0));
}

TEST_CASE("a second seat gets no connection before the group is steered") {
    const DiallerPolicy policy;
    ListenerTable table(policy, 1);
    ListenSpec spec = Tcp();
    spec.backlog = 100;
    const Listener &listener = table.Open(spec);
    table.TakeSeat(0), Serve(table, 0, 1);
    CHECK(WaitingConnections(listener.SocketOf(0)) == 20);
    table.TakeSeat();
    CHECK(WaitingConnections(listener.SocketOf(1)) == 0);
    CHECK(WaitingConnections(listener.SocketOf(0)) > 20);
}

TEST_CASE("a parked seat gets no connections, and its socket is there for the next worker") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    Listener &listener = table.Open(Tcp());
    for (const unsigned seat : {0U, 1U})
        table.TakeSeat(seat), Serve(table, seat, 10 + seat);
    const int socket = listener.SocketOf(1).Get();
    policy.Take();
    table.Vacate(1);
    CHECK(policy.Take() == "{0}");
    table.ParkSeat(1);
    CHECK(policy.Take().empty());
    CHECK(listener.StandingOf(1) == Standing::PARKED);
    CHECK(IsListening(listener.SocketOf(1)));
    CHECK(table.TakeSeat() == 1);
    CHECK(listener.SocketOf(1).Get() == socket);
    CHECK(listener.StandingOf(1) == Standing::NOT_READY);
    Serve(table, 1, 12);
    CHECK(policy.Take() == "{01}");
}

TEST_CASE("the last one stays active though it is parked, until another is ready") {
    const Policy policy(true);
    ListenerTable table(policy, 1);
    Listener &listener = table.Open(Tcp());
    table.TakeSeat(0), Serve(table, 0, 1);
    table.TakeSeat();
    policy.Take();
    table.Vacate(0);
    table.ParkSeat(0);
    CHECK(policy.Take().empty());
    CHECK(Dial(listener.Spec().at.address).IsDefined());
    Serve(table, 1, 2);
    CHECK(policy.Take() == "{1}");
}

TEST_CASE("a parked seat is not active before the first worker is ready either") {
    const Policy policy(true);
    ListenerTable table(policy, 3);
    table.Open(Tcp());
    table.TakeSeat(2);
    policy.Take();
    table.ParkSeat(2);
    CHECK(policy.Take() == "{01}");
    CHECK(table.Open(Tcp()).StandingOf(2) == Standing::PARKED);
    CHECK(policy.Take() == "tcp*+0L+1L+2L{01}");
}

TEST_CASE("why a seat gets no connections") {
    const Policy policy(true);
    ListenerTable table(policy, 3);
    Listener &asked = table.Open(Tcp());
    ListenSpec spec = Tcp();
    spec.origin = ListenSpec::Origin::ADOPTED;
    Listener &adopted = table.Open(spec);
    for (const unsigned seat : {0U, 1U, 2U})
        table.TakeSeat(seat);
    Serve(table, 0, 1);
    Serve(table, 1, 2);
    adopted.Serve(0);
    CHECK(adopted.StandingOf(0) == Standing::ACTIVE);
    CHECK(adopted.StandingOf(1) == Standing::NOT_SERVING);
    CHECK(adopted.StandingOf(2) == Standing::NOT_READY);
    CHECK(asked.StandingOf(1) == Standing::ACTIVE);
    CHECK(asked.StandingOf(2) == Standing::NOT_READY);
    REQUIRE(shutdown(asked.SocketOf(1).Get(), SHUT_RD) == 0);
    CHECK(asked.Mend(1));
    CHECK(asked.StandingOf(1) == Standing::WITHHELD);
    table.Vacate(2);
    table.ParkSeat(2);
    CHECK(asked.StandingOf(2) == Standing::PARKED);
}

TEST_CASE("a seat that cannot be added leaves nothing behind") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    Listener &first = table.Open(Tcp());
    Listener &second = table.Open(Tcp());
    table.TakeSeat(), table.TakeSeat();
    Serve(table, 0, 1);
    policy.Take();
    // Room for one socket more.
    const int free = dup(0); // NOLINT(android-cloexec-dup): it is closed at once
    close(free);
    rlimit before = {};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit tight = {static_cast<rlim_t>(free) + 1, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
    const std::string message = Message([&] { table.TakeSeat(); });
    REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(message.find("Too many open files") != std::string::npos);
    CHECK(policy.Take() == "+2L-2{0}");
    CHECK(first.Seats().size() == 2);
    CHECK(second.Seats().size() == 2);
    CHECK(table.TakeSeat() == 2);
    CHECK(policy.Take() == "+2L+2L");
}

TEST_CASE("a withdrawn listener grows, too, and comes back with all its seats") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    Listener &original = table.Open(Tcp());
    try {
        REQUIRE(table.Sibling(original, AF_INET6) != nullptr);
    } catch (const OpenError &error) {
        MESSAGE("SKIPPED: Seating: ", error.what());
        return;
    }
    REQUIRE(original.IsWithdrawn());
    table.TakeSeat(), table.TakeSeat();
    policy.Take();
    CHECK(table.TakeSeat() == 2);
    CHECK(policy.Take() == "+2L"); // the sibling's
    CHECK_FALSE(IsListening(original.SocketOf(2)));
    CHECK(original.Serve(2) == 0);
    CHECK(IsListening(original.SocketOf(2)));
    CHECK(Port(original) == Port(table.Listeners().back()));
}

TEST_CASE("a table that has let go gives seats, but opens nothing") {
    const Policy policy(true);
    ListenerTable table(policy, 1);
    Listener &listener = table.Open(Tcp());
    table.TakeSeat();
    table.LetGo();
    policy.Take();
    CHECK(table.TakeSeat() == 1);
    CHECK_FALSE(listener.SocketOf(1).IsDefined());
    table.ParkSeat(1);
    CHECK(policy.Take().empty());
}

TEST_CASE("4,096 seats are the most") {
    const Policy policy(true);
    ListenerTable table(policy, 1);
    for (unsigned seat = 0; seat < MOST_SEATS; seat++)
        REQUIRE(table.TakeSeat() == seat);
    CHECK(Message([&] { table.TakeSeat(); }) == "4096 seats are taken, which is the most");
}
