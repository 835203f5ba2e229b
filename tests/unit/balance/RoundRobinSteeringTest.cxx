#include "balance/RoundRobinSteering.hxx"
#include "harness/Skip.hxx"
#include "net/OpenSocket.hxx"
#include "sys/Capability.hxx"
#include "unit/Forked.hxx"
#include "unit/Nobody.hxx"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <deque>
#include <functional>
#include <linux/capability.h>
#include <map>
#include <netinet/in.h>
#include <poll.h>
#include <set>
#include <sys/socket.h>
#include <sys/wait.h>

using namespace balance;

namespace {

using Counts = std::vector<unsigned>;

/** Takes capabilities out of the effective set for its lifetime. */
class Without {
public:
    explicit Without(std::initializer_list<int> capabilities)
        : before(sys::ReadCapabilities().value()) {
        sys::Capabilities less = before;
        for (const int capability : capabilities)
            less.effective &= ~(1ULL << capability);
        REQUIRE(sys::SetCapabilities(less));
    }
    ~Without() { sys::SetCapabilities(before); }

private:
    const sys::Capabilities before;
};

/** A group on loopback with its steering, settled. */
class Group {
public:
    explicit Group(unsigned count, int type = SOCK_STREAM, int protocol = 0,
                   const std::function<void(const net::Seat &)> &meanwhile = {},
                   unsigned others = 0) {
        for (unsigned i = 0; i < others; i++)
            REQUIRE(loader.Reserve());
        spec.at.type = type;
        spec.at.protocol = protocol;
        spec.at.address = net::Address::FromLiteral("127.0.0.1", 0).value();
        spec.backlog = 256;
        for (unsigned slot = 0; slot < count; slot++)
            sockets.emplace_back(
                slot, unit::NOBODY,
                net::BindInet(spec, slot == 0 ? net::Place::FIRST : net::Place::JOINS));
        steering.emplace(
            spec, loop, loader,
            util::BoundMethod<void(const net::Steering &)>::Make<&Group::OnSettled>(*this));
        std::vector<const net::Seat *> all;
        for (const net::Seat &socket : sockets) {
            if (type == SOCK_STREAM)
                net::Listen(socket.socket, spec);
            steering->Joined(socket);
            all.push_back(&socket);
        }
        steering->SetActive(all);
        at_first = steering->Tier();
        for (const net::Seat &socket : sockets)
            if (meanwhile)
                meanwhile(socket);
        if (child != 0)
            loop.Run(); // until it is settled
    }

    ~Group() {
        steering.reset();
        if (child != 0)
            waitpid(child, nullptr, 0);
    }

    void SetActive(std::initializer_list<unsigned> slots) {
        std::vector<const net::Seat *> set;
        for (const unsigned slot : slots)
            set.push_back(&sockets[slot]);
        steering->SetActive(set);
    }

    /** So many connections one after the other, each accepted before the next, but for those of
     *  `stuck`; how many each slot was given. */
    Counts Connect(unsigned times, const std::set<unsigned> &stuck = {}) {
        Counts got(sockets.size());
        for (unsigned i = 0; i < times; i++) {
            clients.emplace_back(sys::AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            const net::Address &to = spec.at.address;
            REQUIRE(connect(clients.back().Get(), to.Get(), to.Length()) == 0);
            for (std::size_t slot = 0; slot < sockets.size(); slot++)
                if (!stuck.contains(static_cast<unsigned>(slot)))
                    got[slot] += Take(static_cast<unsigned>(slot));
        }
        for (const unsigned slot : stuck) {
            got[slot] = Take(slot);
        }
        clients.clear();
        return got;
    }

    /** After a shutdown. A port that the kernel chose is lost by that, any other is still bound
     *  (EINVAL). */
    void ListenAgain(const net::Seat &socket) {
        const int fd = socket.socket.Get();
        const net::Address &at = spec.at.address;
        REQUIRE((bind(fd, at.Get(), at.Length()) == 0 || errno == EINVAL));
        REQUIRE(listen(fd, 64) == 0);
        steering->Joined(socket);
    }

    /** Accepts one that waits, if there is one. */
    unsigned TakeOne(unsigned slot) const {
        pollfd source = {sockets[slot].socket.Get(), POLLIN, 0};
        if (poll(&source, 1, 0) != 1)
            return 0;
        const sys::UniqueFd accepted(sys::AdoptTag(),
                                     accept4(source.fd, nullptr, nullptr, SOCK_CLOEXEC));
        return accepted.IsDefined() ? 1 : 0;
    }

    /** Accepts all that waits. */
    unsigned Take(unsigned slot) const {
        unsigned taken = 0;
        while (TakeOne(slot) == 1)
            taken++;
        return taken;
    }

    void OnSettled(const net::Steering &) noexcept { loop.Break(); }
    void OnForked(pid_t pid) noexcept { child = pid; }

    net::ListenSpec spec;
    std::deque<net::Seat> sockets;
    std::vector<sys::UniqueFd> clients;
    net::TierReport at_first;
    pid_t child = 0;
    loop::MonotonicClock clock;
    loop::Loop loop{clock};
    Loader loader{loop, util::BoundMethod<void(pid_t)>::Make<&Group::OnForked>(*this)};
    std::optional<RoundRobinSteering> steering;
};

bool HasKernelTier() {
    return FindKernelRights().may_load &&
           ForeseeRoundRobin(SOCK_STREAM).tier == "kernel, queue-aware";
}

} // namespace

#define NEED_KERNEL_TIER()                                                                         \
    if (!HasKernelTier())                                                                          \
    HARNESS_SKIP("no round robin in the kernel here, or no right to it")

TEST_CASE("turns are exact, and counted") {
    NEED_KERNEL_TIER();
    Group group(4);
    CHECK(group.at_first.tier == "classic BPF");
    CHECK(group.at_first.lacks == "the kernel's program is being loaded");
    CHECK(group.steering->Tier().tier == "kernel, queue-aware");
    CHECK(group.steering->Tier().lacks.empty());
    CHECK(group.steering->CanRescue());
    CHECK(group.Connect(40) == Counts{10, 10, 10, 10});
    for (const net::Seat &socket : group.sockets)
        CHECK(group.steering->Given(socket) == 10);
}

TEST_CASE("strict turns where the program may not read queues") {
    NEED_KERNEL_TIER();
    const Without tracing({CAP_PERFMON, CAP_SYS_ADMIN});
    Group group(4);
    CHECK(group.steering->Tier().tier == "kernel, plain");
    CHECK(group.steering->Tier().lacks.find("CAP_PERFMON") != std::string::npos);
    CHECK(group.Connect(40, {1}) == Counts{10, 10, 10, 10});
}

TEST_CASE("without the right to load any: a queue watch, at once") {
    const Without bpf({CAP_BPF, CAP_SYS_ADMIN});
    Group group(4);
    CHECK(group.at_first.tier == "queue watch");
    CHECK(group.at_first.lacks.find("CAP_BPF") != std::string::npos);
    CHECK(group.child == 0);
    CHECK_FALSE(group.steering->CanRescue());
    CHECK_FALSE(group.steering->Given(group.sockets[0]));
    for (const unsigned count : group.Connect(200))
        CHECK(count > 10);
    group.SetActive({2});
    CHECK(group.Connect(20) == Counts{0, 0, 20, 0});
}

TEST_CASE("the active ones and no others, whatever leaves the group and joins it again") {
    NEED_KERNEL_TIER();
    Group group(4);
    group.SetActive({0, 2});
    CHECK(group.Connect(20) == Counts{10, 0, 10, 0});
    group.SetActive({3});
    CHECK(group.Connect(5) == Counts{0, 0, 0, 5});

    const net::Seat &leaver = group.sockets[0];
    group.steering->Left(leaver);
    REQUIRE(shutdown(leaver.socket.Get(), SHUT_RD) == 0);
    group.SetActive({1, 2});
    CHECK(group.Connect(20) == Counts{0, 10, 10, 0});
    group.ListenAgain(leaver);
    group.SetActive({0, 1, 2, 3});
    CHECK(group.Connect(40) == Counts{10, 10, 10, 10});
}

TEST_CASE("a worker that shuts down the sockets of many neighbours takes nobody's connections") {
    NEED_KERNEL_TIER();
    constexpr unsigned SEATS = 600;
    Group group(SEATS);
    for (unsigned seat = 1; seat + 1 < SEATS; seat++) // in the moment before they are repaired
        REQUIRE(shutdown(group.sockets[seat].socket.Get(), SHUT_RD) == 0);
    const net::Address &at = group.spec.at.address;
    unsigned connected = 0, taken = 0;
    for (unsigned i = 0; i < SEATS; i++) {
        const sys::UniqueFd client(sys::AdoptTag(),
                                   socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        static_cast<void>(connect(client.Get(), at.Get(), at.Length()));
        pollfd done = {client.Get(), POLLOUT, 0};
        connected += poll(&done, 1, 100) == 1 && (done.revents & POLLERR) == 0 ? 1 : 0;
        taken += group.Take(0) + group.Take(SEATS - 1);
    }
    CHECK(connected == SEATS);
    CHECK(taken == SEATS);
}

TEST_CASE("all leave, so that the group is gone, and join again: the new one is steered too") {
    NEED_KERNEL_TIER();
    Group group(3);
    for (const net::Seat &socket : group.sockets) {
        group.steering->Left(socket);
        REQUIRE(shutdown(socket.socket.Get(), SHUT_RD) == 0);
    }
    for (const net::Seat &socket : group.sockets)
        group.ListenAgain(socket);
    group.SetActive({0, 2});
    CHECK(group.steering->Tier().tier == "kernel, queue-aware");
    CHECK(group.Connect(20) == Counts{10, 0, 10});
}

TEST_CASE("a socket that was shut down while the program is loaded joins later") {
    NEED_KERNEL_TIER();
    Group group(3, SOCK_STREAM, 0, [](const net::Seat &socket) {
        if (socket.index == 1)
            REQUIRE(shutdown(socket.socket.Get(), SHUT_RD) == 0);
    });
    CHECK(group.steering->Tier().tier == "kernel, queue-aware");
    CHECK(group.Connect(20)[1] == 0);
    const net::Seat &late = group.sockets[1];
    group.steering->Left(late);
    group.ListenAgain(late);
    group.SetActive({1});
    CHECK(group.Connect(5) == Counts{0, 5, 0});
}

TEST_CASE("an active slot without a socket loses its turns to the next, nobody is refused") {
    NEED_KERNEL_TIER();
    Group group(3);
    REQUIRE(shutdown(group.sockets[1].socket.Get(), SHUT_RD) == 0); // as a worker can
    const Counts got = group.Connect(30);
    CHECK(got[1] == 0);
    CHECK(got[0] + got[2] == 30);
}

TEST_CASE("a slot that takes nothing is given little, until it takes again") {
    NEED_KERNEL_TIER();
    Group group(4);
    const Counts got = group.Connect(400, {1});
    CHECK(got[1] >= 1);
    CHECK(got[1] <= 4);
    for (const unsigned slot : {0U, 2U, 3U})
        CHECK(got[slot] >= 125);
    // Its queue is empty now: it gets back what it is owed, 16 turns at most, and then its share.
    const Counts then = group.Connect(400);
    CHECK(then[1] >= 100);
    CHECK(then[1] <= 117);
}

TEST_CASE("two of four that take nothing; all of them") {
    NEED_KERNEL_TIER();
    Group group(4);
    const Counts got = group.Connect(400, {0, 3});
    CHECK(got[0] + got[3] <= 8);
    CHECK(got[1] + got[2] >= 392);
    const Counts none = group.Connect(40, {0, 1, 2, 3});
    CHECK(none[0] + none[1] + none[2] + none[3] == 40);
}

TEST_CASE("more than half take nothing: the others get the connections, in turn") {
    NEED_KERNEL_TIER();
    struct Case {
        unsigned seats;
        std::set<unsigned> hung;
    };
    const std::set<unsigned> most_in_a_row = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    for (const Case &tried : {Case{3, {0, 2}}, Case{4, {0, 1, 3}}, Case{8, {0, 1, 2, 4, 5, 6}},
                              Case{8, {0, 1, 2, 3, 4, 5, 6}}, Case{16, most_in_a_row}}) {
        INFO(tried.hung.size(), " of ", tried.seats);
        Group group(tried.seats);
        const Counts got = group.Connect(400, tried.hung);
        const auto others = static_cast<unsigned>(tried.seats - tried.hung.size());
        for (unsigned seat = 0; seat < tried.seats; seat++)
            if (tried.hung.contains(seat))
                CHECK_MESSAGE(got[seat] <= 2, "seat ", seat);
            else
                CHECK_MESSAGE(got[seat] >= 300 / others, "seat ", seat);
        // All take again: what they are owed is limited, so that the shares are soon equal.
        const unsigned share = 400 / tried.seats;
        for (const unsigned count : group.Connect(400))
            CHECK(count <= share + 16);
    }
}

TEST_CASE("two of three take nothing, and the third one always has a queue") {
    NEED_KERNEL_TIER();
    Group group(3);
    const net::Address &at = group.spec.at.address;
    unsigned taken = 0, got = 0;
    for (unsigned i = 0; i < 400; i++) {
        group.clients.emplace_back(sys::AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(connect(group.clients.back().Get(), at.Get(), at.Length()) == 0);
        got = static_cast<unsigned>(*group.steering->Given(group.sockets[1]));
        if (got >= taken + 3)
            taken += group.TakeOne(1);
    }
    CHECK(got >= 250); // all but the first rounds
}

TEST_CASE("a hundred slots: each its turn") {
    NEED_KERNEL_TIER();
    Group group(100);
    CHECK(group.Connect(200) == Counts(100, 2));
}

TEST_CASE("UDP: by flow, counted, the active ones only") {
    NEED_KERNEL_TIER();
    Group group(4, SOCK_DGRAM);
    CHECK(group.steering->Tier().tier == "flow hash");
    CHECK(group.steering->Tier().lacks.empty());
    CHECK_FALSE(group.steering->CanRescue());
    group.SetActive({1, 2, 3});
    std::set<std::size_t> used;
    for (int flow = 0; flow < 64; flow++) {
        const sys::UniqueFd client(sys::AdoptTag(), socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const net::Address &to = group.spec.at.address;
        REQUIRE(connect(client.Get(), to.Get(), to.Length()) == 0);
        for (int i = 0; i < 3; i++)
            REQUIRE(send(client.Get(), "x", 1, 0) == 1);
        std::map<std::size_t, int> got;
        for (std::size_t slot = 0; slot < group.sockets.size(); slot++) {
            char byte = 0;
            while (recv(group.sockets[slot].socket.Get(), &byte, 1, MSG_DONTWAIT) == 1)
                got[slot]++;
        }
        REQUIRE(got.size() == 1);
        CHECK(got.begin()->second == 3);
        used.insert(got.begin()->first);
    }
    CHECK(used == std::set<std::size_t>{1, 2, 3});
    std::uint64_t sum = 0;
    for (const net::Seat &socket : group.sockets)
        sum += group.steering->Given(socket).value();
    CHECK(sum == 192);
}

TEST_CASE("MPTCP sockets take no program of this kind: a queue watch, and why") {
    NEED_KERNEL_TIER();
    try {
        Group group(3, SOCK_STREAM, IPPROTO_MPTCP);
        CHECK(group.steering->Tier().tier == "queue watch");
        CHECK(group.steering->Tier().lacks.starts_with("the kernel's program cannot steer"));
        for (const unsigned count : group.Connect(90))
            CHECK(count > 5);
    } catch (const net::OpenError &error) {
        HARNESS_SKIP(error.what()); // no MPTCP
    }
}

TEST_CASE("more listeners than there are programs: the others are watched, and why") {
    NEED_KERNEL_TIER();
    Group group(2, SOCK_STREAM, 0, {}, Loader::MOST_PROGRAMS);
    CHECK(group.steering->Tier().tier == "queue watch");
    CHECK(group.steering->Tier().lacks.starts_with("64 other listeners"));
    CHECK(group.child == 0);
    for (const unsigned count : group.Connect(60))
        CHECK(count > 5);

    Group last(2, SOCK_STREAM, 0, {}, Loader::MOST_PROGRAMS - 1);
    CHECK(last.steering->Tier().tier == "kernel, queue-aware");
    CHECK_FALSE(last.loader.Reserve());
    last.steering.reset();
    CHECK(last.loader.Reserve());
}

TEST_CASE("who ends while its program is loaded gets no answer, and leaves no process") {
    NEED_KERNEL_TIER();
    struct Client final : LoadClient {
        void OnLoaded(Loaded) noexcept override { answers++; }
        int answers = 0;
    };
    Client first, second;
    loop::MonotonicClock clock;
    loop::Loop loop(clock);
    {
        Loader loader(loop, {});
        loader.Request(Kind::ROUND_ROBIN, first);
        loader.Request(Kind::FLOW, second);
        loader.Cancel(first);
        while (second.answers == 0)
            loop.Turn(loop::Loop::Wait::YES);
        CHECK(first.answers == 0);
        loader.Request(Kind::ROUND_ROBIN, first);
    }
    // The first child may still be there, unreaped; the last one was waited for.
    while (waitpid(-1, nullptr, 0) > 0) {
    }
    CHECK(first.answers == 0);
}

namespace {

/** Another steering of the same group in a process that has inherited the descriptors, as after
 *  exec(2). Returns 0 if it describes itself in the same words and `check` passes. */
int MakeAgain(Group &group, const std::function<int(RoundRobinSteering &)> &check) {
    const net::Steering::Description described = group.steering->Describe();
    return unit::InFork([&] {
        Loader loader(group.loop, util::BoundMethod<void(pid_t)>::Make<&Group::OnForked>(group));
        // Nothing is destroyed: this process is to own each descriptor once.
        auto &made = *new RoundRobinSteering( // NOLINT
            group.spec, group.loop, loader,
            util::BoundMethod<void(const net::Steering &)>::Make<&Group::OnSettled>(group));
        made.Resume(described, group.sockets);
        FORKED_CHECK(made.Describe() == described);
        return check(made);
    });
}

} // namespace

TEST_CASE("described, made and described again: the kernel's program with what it has counted") {
    NEED_KERNEL_TIER();
    Group group(4);
    group.SetActive({0, 2, 3});
    CHECK(group.Connect(30) == Counts{10, 0, 10, 10});
    CHECK(group.steering->Describe().program);
    CHECK(MakeAgain(group, [&group](RoundRobinSteering &made) {
              FORKED_CHECK(made.Tier().tier == "kernel, queue-aware" && made.CanRescue());
              FORKED_CHECK(made.Given(group.sockets[2]) == 10U);
              FORKED_CHECK(made.Given(group.sockets[1]) == 0U);
              const std::array set = {&group.sockets[2], &group.sockets[1]};
              made.SetActive(set);
              FORKED_CHECK((group.Connect(10) == Counts{0, 5, 5, 0}));
              FORKED_CHECK(made.Given(group.sockets[2]) == 15U);
              return 0;
          }) == 0);
    // It is still in charge when the process has ended that was made of the description.
    group.SetActive({3});
    CHECK(group.Connect(4) == Counts{0, 0, 0, 4});
}

TEST_CASE("described, made and described again: classic BPF is the group's, it is attached again") {
    const Without bpf({CAP_BPF, CAP_SYS_ADMIN});
    Group group(3);
    group.SetActive({1});
    CHECK_FALSE(group.steering->Describe().program);
    CHECK(MakeAgain(group, [&group](RoundRobinSteering &made) {
              const std::array set = {&group.sockets[2]};
              made.SetActive(set);
              FORKED_CHECK((group.Connect(5) == Counts{0, 0, 5}));
              return 0;
          }) == 0);
}
