#include "balance/KernelRights.hxx"
#include "balance/Policies.hxx"
#include "harness/Skip.hxx"
#include "loop/Loop.hxx"
#include "net/ListenerTable.hxx"
#include "net/SocketState.hxx"
#include "sys/Capability.hxx"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/wait.h>

// ListenerTable::Rescue with the kernel's program, which moves a queue without
// net.ipv4.tcp_migrate_req.

using namespace balance;

namespace {

constexpr unsigned SLOTS = 3, CONNECTIONS = 30;

/** A table whose group is steered by `rr`, settled; all slots have a ready worker, and clients
 *  wait. */
class Served {
public:
    Served() : policy(Rr().make({loop, Forked(), Settled()})), table(*policy, SLOTS) {
        net::ListenSpec spec;
        spec.at.address = net::Address::FromLiteral("127.0.0.1", 0).value();
        spec.backlog = 256;
        listener = &table.Open(spec);
        for (unsigned slot = 0; slot < SLOTS; slot++) {
            table.Occupy(slot, slot);
            table.Activate(slot);
        }
        if (FindKernelRights().may_load)
            loop.Run();
    }

    ~Served() {
        if (child != 0)
            waitpid(child, nullptr, 0);
    }

    /** Clients that have each said something. */
    void Talk() {
        const net::Address &to = listener->Spec().at.address;
        for (unsigned i = 0; i < CONNECTIONS; i++) {
            clients.emplace_back(sys::AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            REQUIRE(connect(clients.back().Get(), to.Get(), to.Length()) == 0);
            REQUIRE(send(clients.back().Get(), "x", 1, 0) == 1);
        }
    }

    unsigned Queue(unsigned slot) const {
        return net::FiguresOf(*listener, slot).queue.value().length;
    }

    /** Accepts what waits there: so many have said something. */
    unsigned Take(unsigned slot) const {
        const sys::Fd socket = listener->SocketOf(slot);
        unsigned taken = 0;
        while (net::WaitingConnections(socket) > 0) {
            const sys::UniqueFd accepted(sys::AdoptTag(),
                                         accept4(socket.Get(), nullptr, nullptr, SOCK_CLOEXEC));
            char said = 0;
            taken += recv(accepted.Get(), &said, 1, MSG_DONTWAIT) == 1 ? 1 : 0;
        }
        return taken;
    }

    unsigned Reset() const {
        const auto is_reset = [](const sys::UniqueFd &client) {
            char byte = 0;
            return recv(client.Get(), &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN;
        };
        return static_cast<unsigned>(std::count_if(clients.begin(), clients.end(), is_reset));
    }

    static const PolicyRow &Rr() {
        return *std::find_if(POLICIES.begin(), POLICIES.end(),
                             [](const PolicyRow &row) { return row.name == "rr"; });
    }
    util::BoundMethod<void(pid_t)> Forked() {
        return util::BoundMethod<void(pid_t)>::Make<&Served::OnForked>(*this);
    }
    util::BoundMethod<void(const net::Steering &)> Settled() {
        return util::BoundMethod<void(const net::Steering &)>::Make<&Served::OnSettled>(*this);
    }
    void OnForked(pid_t pid) noexcept { child = pid; }
    void OnSettled(const net::Steering &) noexcept { loop.Break(); }

    pid_t child = 0;
    loop::MonotonicClock clock;
    loop::Loop loop{clock};
    std::unique_ptr<net::SteeringPolicy> policy;
    net::ListenerTable table;
    net::Listener *listener = nullptr;
    std::vector<sys::UniqueFd> clients;
};

/** The effective capabilities without some, for its lifetime. */
class Without {
public:
    explicit Without(std::uint64_t capabilities) : before(sys::ReadCapabilities().value()) {
        sys::Capabilities less = before;
        less.effective &= ~capabilities;
        REQUIRE(sys::SetCapabilities(less));
    }
    ~Without() { sys::SetCapabilities(before); }

private:
    const sys::Capabilities before;
};

} // namespace

TEST_CASE("Rescue by the kernel's program: all that waits goes to the active ones") {
    for (const std::uint64_t left_out : {0ULL, 1ULL << CAP_PERFMON | 1ULL << CAP_SYS_ADMIN}) {
        const Without less(left_out);
        Served served;
        if (!served.listener->GetSteering().CanRescue())
            HARNESS_SKIP("no program of the kernel's here, or no right to it");
        CAPTURE(served.listener->GetSteering().Tier().tier);
        served.Talk();
        served.table.Deactivate(2); // what waits there goes on waiting
        const unsigned waiting = served.Queue(1), others = served.Queue(0), third = served.Queue(2);
        CHECK(waiting >= 5);
        CHECK(net::FiguresOf(*served.listener, 1).given == waiting);
        const net::Rescued rescued = served.listener->Rescue(1);
        CHECK(rescued);
        CHECK(rescued.error == 0);
        CHECK(rescued.moved == waiting);
        CHECK(served.Queue(1) == 0);
        CHECK(served.Queue(0) == others + waiting);
        CHECK(served.Queue(2) == third);
        CHECK(served.Reset() == 0);
        CHECK(served.Take(0) + served.Take(2) == CONNECTIONS);

        // It gets nothing, and has its turns again with its next worker.
        served.clients.clear();
        served.Talk();
        CHECK(served.Take(0) == CONNECTIONS);
        served.table.Vacate(1);
        served.table.Occupy(1, 1);
        served.table.Activate(1);
        served.clients.clear();
        served.Talk();
        CHECK(served.Take(1) >= 5);
        CHECK(served.Take(2) == 0);
    }
}
