#include "balance/KernelRights.hxx"
#include "balance/Policies.hxx"
#include "harness/Skip.hxx"
#include "harness/Wait.hxx"
#include "loop/Loop.hxx"
#include "net/ListenerTable.hxx"
#include "net/SocketState.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <netinet/in.h>
#include <poll.h>
#include <set>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

// Seats that are added and parked while a group is steered by the real policies.

using namespace balance;

namespace {

sys::UniqueFd Dial(const net::Address &to) {
    sys::UniqueFd fd(sys::AdoptTag(), socket(to.Family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.Get(), to.Get(), to.Length()) != 0)
        fd.Close();
    return fd;
}

/** A table with one listener and one seat, whose worker is ready. */
class Served {
public:
    explicit Served(const PolicyRow &row, int protocol = 0, int type = SOCK_STREAM)
        : policy(row.make({loop, Forked(), Settled()})), table(*policy, 1) {
        net::ListenSpec spec;
        spec.at.address = net::Address::FromLiteral("127.0.0.1", 0).value();
        spec.at.protocol = protocol;
        spec.at.type = type;
        spec.backlog = 1024;
        spec.nonblocking = true;
        listener = &table.Open(spec);
        Add();
    }

    ~Served() {
        if (child != 0)
            waitpid(child, nullptr, 0);
    }

    /** One more seat with a worker that is ready; returns what it had in its queue before. */
    unsigned Add() {
        const unsigned seat = table.TakeSeat();
        const unsigned early = seat == 0 ? 0 : net::WaitingConnections(listener->SocketOf(seat));
        table.Occupy(seat, seat + 1);
        table.Activate(seat);
        return early;
    }

    /** Until the program that is being loaded for a group is there. */
    void Settle() {
        while (child != 0 && !settled)
            loop.Turn(loop::Loop::Wait::YES);
    }

    /** The seats that have connections in their queues. */
    std::set<unsigned> Reached() const {
        std::set<unsigned> reached;
        for (const net::Seat &seat : listener->Seats())
            if (net::WaitingConnections(seat.socket) != 0)
                reached.insert(seat.index);
        return reached;
    }

    /** Accepts all that waits and answers with a byte. */
    void Answer() const {
        for (const net::Seat &seat : listener->Seats())
            for (;;) {
                const sys::UniqueFd accepted(
                    sys::AdoptTag(), accept4(seat.socket.Get(), nullptr, nullptr, SOCK_CLOEXEC));
                if (!accepted.IsDefined())
                    break;
                static_cast<void>(send(accepted.Get(), "y", 1, MSG_NOSIGNAL));
            }
    }

    void Connect(unsigned times) const {
        for (unsigned i = 0; i < times; i++) // closed at once, it still waits to be accepted
            REQUIRE(Dial(listener->Spec().at.address).IsDefined());
    }

    net::Listener &GetListener() const { return *listener; }

    loop::MonotonicClock clock;
    loop::Loop loop{clock};
    std::unique_ptr<net::SteeringPolicy> policy;
    net::ListenerTable table;

private:
    util::BoundMethod<void(pid_t)> Forked() {
        return util::BoundMethod<void(pid_t)>::Make<&Served::OnForked>(*this);
    }
    util::BoundMethod<void(const net::Steering &)> Settled() {
        return util::BoundMethod<void(const net::Steering &)>::Make<&Served::OnSettled>(*this);
    }
    void OnForked(pid_t pid) noexcept { child = pid; }
    void OnSettled(const net::Steering &) noexcept { settled = true; }

    net::Listener *listener = nullptr;
    pid_t child = 0;
    bool settled = false;
};

bool HasRoom() {
    rlimit limit = {};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur >= 9000;
}

/** A client that makes connections one after the other and waits for each answer. Returns how many
 *  got none. */
unsigned Call(const net::Address &to, unsigned times) {
    unsigned lost = 0;
    for (unsigned i = 0; i < times; i++) {
        const sys::UniqueFd fd = Dial(to);
        char byte = 0;
        const timeval patience = {20, 0};
        setsockopt(fd.Get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        lost += recv(fd.Get(), &byte, 1, 0) == 1 ? 0 : 1;
    }
    return lost;
}

constexpr const PolicyRow &RR = POLICIES[0], &RANDOM = POLICIES[1];

} // namespace

TEST_CASE("from 1 to 4,096 seats: connections reach all active ones and no others") {
    if (!HasRoom())
        HARNESS_SKIP("needs 9,000 descriptors");
    for (const PolicyRow *row : {&RR, &RANDOM}) {
        Served served(*row);
        for (unsigned seat = 1; seat < net::MOST_SEATS; seat++)
            REQUIRE(served.Add() == 0);
        served.Settle();
        const bool in_turn = served.GetListener().GetSteering().Tier().tier.starts_with("kernel, ");
        CAPTURE(served.GetListener().GetSteering().Tier().tier);
        served.Connect(in_turn ? net::MOST_SEATS : 4 * net::MOST_SEATS);
        const auto reached = served.Reached().size();
        if (in_turn)
            CHECK(reached == net::MOST_SEATS);
        else
            CHECK(reached > net::MOST_SEATS * 95 / 100); // at random 98 of 100
        served.Answer();

        std::set<unsigned> kept;
        for (unsigned seat = 0; seat < net::MOST_SEATS; seat++) {
            if (seat % 100 == 7)
                kept.insert(seat);
            else
                served.table.Vacate(seat), served.table.ParkSeat(seat);
        }
        served.Connect(1000);
        CHECK(served.Reached() == kept);
    }
}

TEST_CASE("Multipath TCP: a group grows and shrinks as well") {
    for (const PolicyRow *row : {&RR, &RANDOM}) {
        try {
            Served served(*row, IPPROTO_MPTCP);
            for (unsigned seat = 1; seat < 4; seat++)
                CHECK(served.Add() == 0);
            served.Settle();
            served.Connect(200);
            CHECK(served.Reached().size() == 4);
            served.Answer();
            for (const unsigned seat : {0U, 2U})
                served.table.Vacate(seat), served.table.ParkSeat(seat);
            served.Connect(50);
            CHECK(served.Reached() == std::set<unsigned>{1, 3});
        } catch (const net::OpenError &error) {
            MESSAGE("SKIPPED: Growth: ", error.what());
        }
    }
}

TEST_CASE("UDP: a group grows and shrinks as well, and no datagram is lost") {
    for (const PolicyRow *row : {&RR, &RANDOM}) {
        Served served(*row, 0, SOCK_DGRAM);
        /** Datagrams of so many flows; how many reached each seat. */
        const auto send_flows = [&](unsigned flows) {
            std::vector<unsigned> got(served.GetListener().Seats().size());
            for (unsigned i = 0; i < flows; i++) {
                const sys::UniqueFd client(sys::AdoptTag(),
                                           socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
                const net::Address &to = served.GetListener().Spec().at.address;
                REQUIRE(sendto(client.Get(), "x", 1, 0, to.Get(), to.Length()) == 1);
            }
            for (const net::Seat &seat : served.GetListener().Seats())
                for (char byte = 0; recv(seat.socket.Get(), &byte, 1, MSG_DONTWAIT) == 1;)
                    got[seat.index]++;
            return got;
        };
        using Counts = std::vector<unsigned>;
        CHECK(send_flows(40) == Counts{40});
        served.table.TakeSeat();
        CHECK(send_flows(40) == Counts{40, 0});
        served.table.Occupy(1, 2);
        served.table.Activate(1);
        served.Settle();
        const Counts both = send_flows(100);
        CHECK(both[0] + both[1] == 100);
        CHECK(both[0] >= 20);
        CHECK(both[1] >= 20);
        served.table.Vacate(0);
        served.table.ParkSeat(0);
        CHECK(send_flows(40) == Counts{0, 40});
    }
}

TEST_CASE("seats that come and go while connections are made: none is lost") {
    for (const PolicyRow *row : {&RR, &RANDOM}) {
        Served served(*row);
        constexpr unsigned CLIENTS = 4, CALLS = 1000, SEATS = 64;
        std::vector<pid_t> clients;
        for (unsigned client = 0; client < CLIENTS; client++) {
            const pid_t pid = fork();
            if (pid == 0)
                _exit(Call(served.GetListener().Spec().at.address, CALLS) == 0 ? 0 : 1);
            clients.push_back(pid);
        }
        unsigned early = 0;
        for (unsigned round = 0; round < 4; round++) {
            for (unsigned seat = 1; seat < SEATS; seat++) {
                early += served.Add();
                served.Answer();
                served.loop.Turn(loop::Loop::Wait::NO);
            }
            for (unsigned seat = 1; seat < SEATS; seat++) {
                served.table.Deactivate(seat);
                served.Answer();
                served.table.Vacate(seat);
                served.table.ParkSeat(seat);
                served.Answer();
            }
        }
        CHECK(served.GetListener().Seats().size() == SEATS);
        for (const pid_t client : clients) {
            int status = -1;
            CHECK(harness::WaitFor([&] {
                served.Answer();
                served.loop.Turn(loop::Loop::Wait::NO);
                return waitpid(client, &status, WNOHANG) == client;
            }));
            CHECK(status == 0);
        }
        CHECK(early == 0);
        served.Settle();
    }
}
