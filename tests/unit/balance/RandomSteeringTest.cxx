#include "balance/RandomSteering.hxx"
#include "balance/Policies.hxx"
#include "balance/SharedSteering.hxx"
#include "loop/Loop.hxx"
#include "net/ListenerTable.hxx"
#include "net/OpenSocket.hxx"
#include "sys/Error.hxx"
#include "unit/Nobody.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <deque>
#include <netinet/in.h>
#include <string_view>
#include <sys/socket.h>

using namespace balance;

namespace {

/** A group of TCP sockets on loopback; the number is the kernel's choice. */
struct Group {
    explicit Group(unsigned count, int protocol = 0, const char *host = "127.0.0.1") {
        spec.at.protocol = protocol;
        spec.at.address = net::Address::FromLiteral(host, 0).value();
        spec.at.both_families = std::string_view(host) == "::";
        spec.backlog = 64;
        for (unsigned slot = 0; slot < count; slot++)
            sockets.emplace_back(
                slot, unit::NOBODY,
                net::BindInet(spec, slot == 0 ? net::Place::FIRST : net::Place::JOINS));
        for (const net::Seat &socket : sockets) {
            net::Listen(socket.socket, spec);
            steering.Joined(socket);
        }
    }

    void SetActive(std::initializer_list<unsigned> slots) {
        std::vector<const net::Seat *> set;
        for (const unsigned slot : slots)
            set.push_back(&sockets[slot]);
        steering.SetActive(set);
    }

    /** Connects so often and says how many each socket got. */
    std::vector<unsigned> Connect(unsigned times) const {
        std::vector<unsigned> got(sockets.size());
        for (unsigned i = 0; i < times; i++) {
            const net::Address to =
                net::Address::FromLiteral("127.0.0.1", spec.at.address.Port().value()).value();
            const sys::UniqueFd client(sys::AdoptTag(),
                                       socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            REQUIRE(connect(client.Get(), to.Get(), to.Length()) == 0);
            bool found = false;
            for (std::size_t k = 0; k < sockets.size() && !found; k++) {
                pollfd source = {sockets[k].socket.Get(), POLLIN, 0};
                if (!sockets[k].socket.IsDefined() || poll(&source, 1, 0) != 1 ||
                    source.revents != POLLIN) // POLLHUP: it does not listen
                    continue;
                const sys::UniqueFd accepted(sys::AdoptTag(),
                                             accept4(source.fd, nullptr, nullptr, SOCK_CLOEXEC));
                REQUIRE(accepted.IsDefined());
                got[k]++;
                found = true;
            }
            REQUIRE(found);
        }
        return got;
    }

    net::ListenSpec spec;
    std::deque<net::Seat> sockets;
    RandomSteering steering{spec, Choice::RANDOM};
};

} // namespace

TEST_CASE("connections go to the active ones and no others, to each of them") {
    Group group(4);
    group.SetActive({0, 1, 2, 3});
    if (!group.steering.Tier().lacks.empty()) {
        MESSAGE("SKIPPED: RandomSteering: ", group.steering.Tier().lacks);
        return;
    }
    for (const unsigned count : group.Connect(200))
        CHECK(count > 10);

    group.SetActive({1, 3});
    auto got = group.Connect(100);
    CHECK(got[0] == 0);
    CHECK(got[1] > 10);
    CHECK(got[2] == 0);
    CHECK(got[3] > 10);

    group.SetActive({2});
    CHECK(group.Connect(20) == std::vector<unsigned>{0, 0, 20, 0});
}

TEST_CASE("MPTCP sockets are steered too, IPv4 and both families") {
    for (const char *host : {"127.0.0.1", "::"}) {
        CAPTURE(host);
        try {
            Group group(3, IPPROTO_MPTCP, host);
            group.SetActive({0, 1, 2});
            if (!group.steering.Tier().lacks.empty()) {
                MESSAGE("SKIPPED: RandomSteering: ", group.steering.Tier().lacks);
                continue;
            }
            for (const unsigned slot : {1U, 0U, 2U}) {
                group.SetActive({slot});
                std::vector<unsigned> expected(3);
                expected[slot] = 20;
                CHECK(group.Connect(20) == expected);
            }
        } catch (const net::OpenError &error) {
            MESSAGE("SKIPPED: RandomSteering: ", error.what()); // no MPTCP, or no IPv6
        }
    }
}

TEST_CASE("when one left, the last has moved into its place") {
    Group group(4);
    group.SetActive({0, 1, 2, 3});
    if (!group.steering.Tier().lacks.empty())
        return; // said above
    group.steering.Left(group.sockets[1]);
    group.sockets[1].socket.Close(); // the kernel's order is 0, 3, 2 now
    group.SetActive({3});
    CHECK(group.Connect(20) == std::vector<unsigned>{0, 0, 0, 20});
    group.SetActive({2});
    CHECK(group.Connect(20) == std::vector<unsigned>{0, 0, 20, 0});
    group.SetActive({0, 3});
    const auto got = group.Connect(60);
    CHECK(got[0] > 5);
    CHECK(got[2] == 0);
    CHECK(got[3] > 5);

    group.steering.Left(group.sockets[0]);
    group.sockets[0].socket.Close(); // 2, 3
    group.SetActive({3});
    CHECK(group.Connect(20) == std::vector<unsigned>{0, 0, 0, 20});

    group.steering.Left(group.sockets[0]); // a second time: nobody
    group.SetActive({2});
    CHECK(group.Connect(20) == std::vector<unsigned>{0, 0, 20, 0});
}

TEST_CASE("while one leaves, nothing goes to it, nor to the one that moves") {
    Group group(4);
    group.SetActive({0, 1, 2, 3});
    if (!group.steering.Tier().lacks.empty())
        return; // said above
    group.steering.Left(group.sockets[1]);
    for (const bool has_left : {false, true}) {
        CAPTURE(has_left);
        if (has_left)
            REQUIRE(shutdown(group.sockets[1].socket.Get(), SHUT_RD) == 0);
        const auto got = group.Connect(60);
        CHECK(got[0] > 5);
        CHECK(got[1] == 0);
        CHECK(got[2] > 5);
        CHECK(got[3] == 0);
    }
    // It listens again, and the program of the group is not that of one that does not.
    net::Listen(group.sockets[1].socket, group.spec);
    group.steering.Joined(group.sockets[1]);
    group.SetActive({1});
    CHECK(group.Connect(20) == std::vector<unsigned>{0, 20, 0, 0});
    REQUIRE(shutdown(group.sockets[1].socket.Get(), SHUT_RD) == 0);
    group.SetActive({1}); // nobody has seen it yet
    net::Listen(group.sockets[1].socket, group.spec);
}

TEST_CASE("where the kernel refuses the program, the tier says so") {
    const unit::Pipe pipe; // no socket
    const net::Seat slot(
        0, unit::NOBODY,
        sys::UniqueFd(sys::AdoptTag(), fcntl(pipe.reader.Get(), F_DUPFD_CLOEXEC, 0)));
    net::ListenSpec spec;
    spec.at.type = SOCK_DGRAM;
    RandomSteering steering(spec, Choice::FLOW);
    CHECK(steering.Tier().tier == "classic BPF");
    CHECK(steering.Tier().lacks.empty());
    steering.Joined(slot);
    const net::Seat *active = &slot;
    steering.SetActive({&active, 1});
    CHECK(steering.Tier().tier == "kernel hash");
    CHECK(steering.Tier().lacks.starts_with("SO_ATTACH_REUSEPORT_CBPF: "));
}

TEST_CASE("the policies: the first is the default") {
    CHECK(POLICIES[0].name == "rr");
    loop::MonotonicClock clock;
    loop::Loop loop(clock);
    const Hooks hooks = {loop, {}, {}};
    const auto random = POLICIES[1].make(hooks), none = POLICIES[2].make(hooks);
    CHECK(random->WantsGroup());
    CHECK_FALSE(none->WantsGroup());
    const net::ListenSpec spec;
    CHECK(random->Steer(spec, true)->Tier().tier == "classic BPF");
    CHECK(random->Steer(spec, false)->Tier().tier == "shared queue");
    CHECK(none->Steer(spec, false)->Tier().tier == "shared queue");
}
