#include "balance/QueueWatch.hxx"
#include "net/OpenSocket.hxx"
#include "unit/FakeClock.hxx"
#include "unit/Nobody.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <deque>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

using namespace balance;
using namespace std::chrono_literals;

namespace {

using Slots = std::vector<unsigned>;

/** Slot sockets, each at a port of its own, so that a test chooses who gets a connection: nothing
 *  of it matters to the watch. */
class Fixture {
public:
    void Open(unsigned count, int protocol = 0) {
        for (unsigned slot = 0; slot < count; slot++) {
            net::ListenSpec spec;
            spec.at.protocol = protocol;
            spec.at.address = net::Address::FromLiteral("127.0.0.1", 0).value();
            spec.backlog = 64;
            sockets.emplace_back(slot, unit::NOBODY, net::BindInet(spec, net::Place::FIRST));
            net::Listen(sockets.back().socket, spec);
            specs.push_back(spec);
            watch->Join(sockets.back());
        }
        SetActive(Range(count));
    }

    static Slots Range(unsigned count) {
        Slots all;
        for (unsigned slot = 0; slot < count; slot++)
            all.push_back(slot);
        return all;
    }

    void SetActive(const Slots &slots) {
        std::vector<const net::Seat *> set;
        for (const unsigned slot : slots)
            set.push_back(&sockets[slot]);
        watch->SetActive(set);
    }

    /** Returns when the kernel has put it into the queue. */
    void Connect(unsigned slot, unsigned times = 1) {
        const net::Address &to = specs[slot].at.address;
        for (unsigned i = 0; i < times; i++) {
            clients.emplace_back(sys::AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            REQUIRE(connect(clients.back().Get(), to.Get(), to.Length()) == 0);
            pollfd source = {sockets[slot].socket.Get(), POLLIN, 0};
            REQUIRE(poll(&source, 1, 60'000) == 1);
        }
    }

    void Accept(unsigned slot, unsigned times = 1) {
        for (unsigned i = 0; i < times; i++) {
            const sys::UniqueFd accepted(sys::AdoptTag(),
                                         accept4(sockets[slot].socket.Get(), nullptr, nullptr,
                                                 SOCK_CLOEXEC | SOCK_NONBLOCK));
            REQUIRE(accepted.IsDefined());
        }
    }

    void Turn() { loop.Turn(loop::Loop::Wait::NO); }

    /** The next look, if there is one. */
    void Tick() {
        clock.Advance(QueueWatch::PERIOD);
        Turn();
    }

    /** Until it sleeps. */
    void Settle() {
        std::uint64_t before = 0;
        do {
            before = watch->Looks();
            Tick();
        } while (watch->Looks() != before);
    }

    Slots Keeping() const {
        Slots slots;
        for (const net::Seat *socket : watch->Keeping())
            slots.push_back(socket->index);
        return slots;
    }

    void OnChange() noexcept { changes++; }

    unit::FakeClock clock;
    loop::Loop loop{clock};
    std::deque<net::Seat> sockets;
    std::deque<net::ListenSpec> specs;
    std::deque<sys::UniqueFd> clients;
    unsigned changes = 0;
    std::unique_ptr<QueueWatch> watch =
        std::make_unique<QueueWatch>(loop, util::Bind<&Fixture::OnChange>(*this));
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "it does not look while nobody connects") {
    Open(4);
    for (unsigned i = 0; i < 1000; i++)
        Tick();
    CHECK(watch->Looks() == 0);
    CHECK(Keeping() == Range(4));
}

TEST_CASE_FIXTURE(Fixture,
                  "the first that waits makes it look at once, and then three times more") {
    Open(4);
    Connect(1);
    Turn();
    CHECK(watch->Looks() == 1);
    Turn(); // it is not time yet
    CHECK(watch->Looks() == 1);
    clock.Advance(QueueWatch::PERIOD - 1ms);
    Turn();
    CHECK(watch->Looks() == 1);
    clock.Advance(1ms);
    Turn();
    CHECK(watch->Looks() == 2);
    for (unsigned i = 0; i < 1000; i++)
        Tick();
    CHECK(watch->Looks() == 1 + QueueWatch::QUIET); // though the queue is still there
}

TEST_CASE_FIXTURE(Fixture, "what comes meanwhile wakes nothing and keeps it looking") {
    Open(3);
    Connect(0);
    Turn();
    for (unsigned i = 2; i < 20; i++) {
        Connect(i % 3);
        Turn();
        Turn();
        CHECK(watch->Looks() == i - 1);
        Tick();
        CHECK(watch->Looks() == i);
    }
    Settle();
    CHECK(watch->Looks() == 19 + QueueWatch::QUIET);
    Connect(0);
    Turn();
    CHECK(watch->Looks() == 20 + QueueWatch::QUIET);
}

TEST_CASE_FIXTURE(Fixture, "what was taken already is no reason to look") {
    Open(2);
    for (unsigned i = 0; i < 10; i++) {
        Connect(0);
        Accept(0);
        Tick();
    }
    CHECK(watch->Looks() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a worker that takes nothing is left out, and is back when it does") {
    Open(4);
    Connect(2);
    Turn();
    Settle();
    CHECK(Keeping() == Slots{0, 1, 3});
    CHECK(changes == 1);

    // It goes on while nobody looks.
    Accept(2);
    CHECK(Keeping() == Slots{0, 1, 3});
    Connect(0);
    Turn();
    CHECK(Keeping() == Range(4));
    CHECK(changes == 2);
}

TEST_CASE_FIXTURE(Fixture, "a long queue is seen at once") {
    Open(2);
    Connect(0, 3);
    Turn();
    CHECK(watch->Looks() == 1);
    CHECK(Keeping() == Slots{1});
    CHECK(changes == 1);
    Accept(0, 3);
    Tick();
    CHECK(Keeping() == Range(2));
    CHECK(changes == 2);
}

TEST_CASE_FIXTURE(Fixture, "more slots with arrivals than one call tells") {
    Open(150);
    for (unsigned slot = 0; slot < 150; slot++)
        Connect(slot, slot % 2 == 0 ? 1 : 6);
    Turn();
    CHECK(watch->Looks() == 1);
    CHECK(Keeping() == Range(150));
    for (unsigned slot = 0; slot < 149; slot++)
        Accept(slot, slot % 2 == 0 ? 1 : 6);

    // Many were read, so that it takes longer until the next look.
    const std::chrono::milliseconds more(150 / QueueWatch::READS_A_MILLISECOND);
    Tick();
    clock.Advance(more - 1ms);
    Turn();
    CHECK(watch->Looks() == 1);
    clock.Advance(1ms);
    Turn();
    CHECK(watch->Looks() == 2);
    CHECK(Keeping() == Range(149));
    clock.Advance(more); // it has read them once more
    Tick();
    CHECK(watch->Looks() == 3);
    Tick();
    CHECK(watch->Looks() == 4);
}

TEST_CASE_FIXTURE(Fixture, "who becomes active begins anew, whatever waits there") {
    Open(3);
    Connect(0, 2);
    Turn();
    Settle();
    REQUIRE(Keeping() == Slots{1, 2});
    SetActive({1, 2});
    SetActive({0, 1, 2}); // a new worker
    CHECK(Keeping() == Range(3));
    Connect(1);
    Turn(); // reads the queue of 0 too
    Tick();
    Tick();
    CHECK(Keeping() == Range(3));
    Tick();
    CHECK(Keeping() == Slots{2});
    CHECK(changes == 2);
}

TEST_CASE_FIXTURE(Fixture, "who is not active does not count") {
    Open(3);
    SetActive({0, 1});
    Connect(2, 20);
    Connect(0, 3);
    Turn();
    CHECK(Keeping() == Slots{1});
    SetActive({0, 2});
    Connect(0);
    Tick();
    CHECK(Keeping() == Slots{0}); // 2 has 20
    SetActive({2});
    CHECK(Keeping() == Slots{2});
}

TEST_CASE_FIXTURE(Fixture, "who has not joined is not judged, and gets its share") {
    Open(3);
    watch->Leave(sockets[1]);
    CHECK(Keeping() == Slots{0, 2});
    SetActive({0, 1, 2});
    CHECK(Keeping() == Range(3));
    Connect(1, 10);
    Connect(0, 3);
    Turn();
    CHECK(Keeping() == Slots{1, 2});
    watch->Join(sockets[1]);
    SetActive({0, 1, 2});
    Connect(0);
    Tick();
    CHECK(Keeping() == Slots{0, 2});
}

TEST_CASE_FIXTURE(Fixture, "the active set changes while it looks") {
    Open(4);
    Connect(0, 3);
    Turn();
    for (const Slots &slots : {Slots{0}, Slots{1, 2}, Slots{3, 0}, Slots{0, 1, 2, 3}}) {
        SetActive(slots);
        Connect(slots[0]);
        Tick();
        CHECK_FALSE(Keeping().empty());
    }
    Settle();
    CHECK_FALSE(Keeping().empty());
}

TEST_CASE_FIXTURE(Fixture, "a socket leaves, is shut down, listens and joins again") {
    Open(2);
    Connect(0, 5);
    Turn();
    REQUIRE(Keeping() == Slots{1});
    for (unsigned round = 0; round < 3; round++) {
        watch->Leave(sockets[0]);
        CHECK(Keeping() == Slots{1});
        REQUIRE(shutdown(sockets[0].socket.Get(), SHUT_RD) == 0);
        Tick();
        // A port that the kernel chose is lost then, unless it was bound once more.
        const net::Address &at = specs[0].at.address;
        const bool bound = bind(sockets[0].socket.Get(), at.Get(), at.Length()) == 0;
        REQUIRE((bound || errno == EINVAL));
        net::Listen(sockets[0].socket, specs[0]);
        watch->Join(sockets[0]);
        CHECK(Keeping() == Slots{1}); // it is not active yet
        SetActive({0, 1});
        CHECK(Keeping() == Range(2));
        Settle();
        const std::uint64_t looks = watch->Looks();
        Connect(0, 4);
        Turn();
        CHECK(watch->Looks() == looks + 1);
        CHECK(Keeping() == Slots{1});
    }
    watch->Leave(sockets[0]);
    watch->Leave(sockets[0]); // a second time: nobody
    CHECK(Keeping() == Slots{1});
}

TEST_CASE_FIXTURE(Fixture,
                  "a worker shuts its socket down: it has no queue, and the others go on") {
    Open(3);
    Connect(0, 4);
    Turn();
    REQUIRE(Keeping() == Slots{1, 2});
    REQUIRE(shutdown(sockets[0].socket.Get(), SHUT_RD) == 0);
    Settle();
    CHECK(Keeping() == Range(3));
    const std::uint64_t looks = watch->Looks();
    for (unsigned i = 0; i < 100; i++)
        Tick();
    CHECK(watch->Looks() == looks);
    Connect(1, 3);
    Turn();
    CHECK(Keeping() == Slots{0, 2});
}

TEST_CASE_FIXTURE(Fixture, "what its owner has closed is no more trouble while a worker holds it") {
    Open(2);
    const sys::UniqueFd held(sys::AdoptTag(), fcntl(sockets[0].socket.Get(), F_DUPFD_CLOEXEC, 0));
    const int number = sockets[0].socket.Get();
    sockets[0].socket.Close();
    const net::Address &to = specs[0].at.address;
    const sys::UniqueFd client(sys::AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(client.Get() == number); // the number means another socket now
    REQUIRE(connect(client.Get(), to.Get(), to.Length()) == 0);
    Turn();
    Settle();
    watch->Leave(sockets[0]);
    CHECK(Keeping() == Slots{1});
    Turn();
}

TEST_CASE_FIXTURE(Fixture, "it goes away at any time, and nothing of it is left in the loop") {
    Open(2);
    Turn();
    watch.reset(); // asleep
    Connect(0);
    Tick();
    watch = std::make_unique<QueueWatch>(loop, util::Bind<&Fixture::OnChange>(*this));
    for (const net::Seat &socket : sockets)
        watch->Join(socket); // with a queue
    SetActive({0, 1});
    Turn();
    CHECK(watch->Looks() == 1);
    watch.reset(); // it would look again
    Connect(0, 5);
    Connect(1);
    for (unsigned i = 0; i < 10; i++)
        Tick();
    CHECK(changes == 0);
}

TEST_CASE_FIXTURE(Fixture, "MPTCP: the queue is read through the first subflow") {
    try {
        Open(2, IPPROTO_MPTCP);
    } catch (const net::OpenError &error) {
        MESSAGE("SKIPPED: QueueWatch: ", error.what());
        return;
    }
    Connect(1, 2);
    Turn();
    CHECK(watch->Looks() == 1);
    CHECK(Keeping() == Range(2));
    Connect(1);
    Tick();
    CHECK(Keeping() == Slots{0});
    Accept(1);
    Tick();
    CHECK(Keeping() == Range(2));
    Connect(0);
    Settle();
    CHECK(Keeping() == Range(2)); // neither moves
    Accept(0);
    Connect(0);
    Tick();
    CHECK(Keeping() == Slots{0});
}

TEST_CASE_FIXTURE(Fixture, "what is no socket cannot join") {
    const net::Seat nothing(0, unit::NOBODY);
    CHECK_THROWS_AS(watch->Join(nothing), std::system_error);
    watch->Leave(nothing);
    CHECK(Keeping().empty());
}
