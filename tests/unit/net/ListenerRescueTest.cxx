#include "harness/Skip.hxx"
#include "harness/TempDir.hxx"
#include "harness/Wait.hxx"
#include "net/SocketState.hxx"
#include "unit/Forked.hxx"
#include "unit/net/Tables.hxx"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>

using namespace net;
using namespace unit;

namespace {

constexpr int CANNOT = 77;
constexpr const char *SYSCTL = "/proc/sys/net/ipv4/tcp_migrate_req";

/** A network namespace with its own setting; nothing of the machine's is changed. */
bool EnterNetwork(char migrate) {
    if (unshare(CLONE_NEWNET) != 0)
        return false;
    ifreq loopback = {};
    loopback.ifr_name[0] = 'l';
    loopback.ifr_name[1] = 'o';
    loopback.ifr_flags = IFF_UP;
    const sys::UniqueFd any(sys::AdoptTag(), socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sys::UniqueFd setting(sys::AdoptTag(), open(SYSCTL, O_WRONLY | O_CLOEXEC));
    return ioctl(any.Get(), SIOCSIFFLAGS, &loopback) == 0 && write(setting.Get(), &migrate, 1) == 1;
}

/** Connections of clients that have each said something. */
std::vector<sys::UniqueFd> Talk(const Listener &listener, int count) {
    std::vector<sys::UniqueFd> clients;
    for (int i = 0; i < count; i++) {
        clients.push_back(Dial(listener.Spec().at.address));
        if (send(clients.back().Get(), "x", 1, MSG_NOSIGNAL) != 1)
            break;
    }
    return clients;
}

/** Accepts all that waits; how many of them have said something. */
int AcceptAll(sys::Fd socket) {
    int count = 0;
    while (WaitingConnections(socket) > 0) {
        const sys::UniqueFd client(sys::AdoptTag(),
                                   accept4(socket.Get(), nullptr, nullptr, SOCK_CLOEXEC));
        char said = 0;
        count += recv(client.Get(), &said, 1, MSG_DONTWAIT) == 1 && said == 'x' ? 1 : 0;
    }
    return count;
}

bool IsReset(sys::Fd client) {
    char byte = 0;
    return recv(client.Get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0 || errno != EAGAIN;
}

/** Everything that comes now is for the member at this place of the group. */
bool Aim(sys::Fd member, unsigned place) {
    sock_filter code = {BPF_RET | BPF_K, 0, 0, place};
    const sock_fprog program = {1, &code};
    return setsockopt(member.Get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
                      sizeof(program)) == 0;
}

/** The client does not see the answer to its SYN. */
bool HoldBack(sys::Fd client, bool hold) {
    sock_filter code = {BPF_RET | BPF_K, 0, 0, 0};
    const sock_fprog program = {1, &code};
    return hold ? setsockopt(client.Get(), SOL_SOCKET, SO_ATTACH_FILTER, &program,
                             sizeof(program)) == 0
                : setsockopt(client.Get(), SOL_SOCKET, SO_DETACH_FILTER, &program,
                             sizeof(program)) == 0;
}

int Moves() {
    if (!EnterNetwork('1'))
        return CANNOT;
    const Policy policy(true);
    ListenerTable table(policy, 3);
    Listener &listener = table.Open(Tcp());
    for (const unsigned slot : {0U, 1U, 2U})
        table.Occupy(slot, slot), table.Activate(slot);
    policy.Take();
    const auto queue = [&](unsigned slot) { return WaitingConnections(listener.SocketOf(slot)); };
    FORKED_CHECK(Aim(listener.SocketOf(0), 1));
    const auto clients = Talk(listener, 10);
    FORKED_CHECK(queue(1) == 10);
    // A hung worker holds it, too.
    const sys::UniqueFd held(sys::AdoptTag(),
                             fcntl(listener.SocketOf(1).Get(), F_DUPFD_CLOEXEC, 0));
    const Rescued rescued = listener.Rescue(1);
    FORKED_CHECK(rescued);
    FORKED_CHECK(rescued.moved == 10);
    FORKED_CHECK(rescued.error == 0);
    FORKED_CHECK(policy.Take() == "{02}-1+1L{02}");
    FORKED_CHECK(IsListening(listener.SocketOf(1)));
    FORKED_CHECK(queue(1) == 0);
    FORKED_CHECK(AcceptAll(listener.SocketOf(0)) + AcceptAll(listener.SocketOf(2)) == 10);
    // Accepted and closed by the server, all of them.
    for (const sys::UniqueFd &client : clients) {
        char byte = 0;
        FORKED_CHECK(recv(client.Get(), &byte, 1, 0) == 0);
    }
    // It is out until it has another worker.
    table.Deactivate(0);
    FORKED_CHECK(policy.Take() == "{2}");
    FORKED_CHECK(!listener.Rescue(2));
    table.Vacate(1);
    table.Occupy(1, 1);
    FORKED_CHECK(policy.Take().empty());
    table.Activate(1);
    FORKED_CHECK(policy.Take() == "{12}");
    return 0;
}

/** What waits where nothing moves it stays. */
int Stays() {
    if (!EnterNetwork('0'))
        return CANNOT;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    Listener &listener = table.Open(Tcp());
    policy.Take();
    FORKED_CHECK(Aim(listener.SocketOf(0), 1));
    const auto clients = Talk(listener, 10);
    const Rescued rescued = listener.Rescue(1);
    FORKED_CHECK(!rescued);
    FORKED_CHECK(rescued.refusal.find("net.ipv4.tcp_migrate_req is 0") != std::string_view::npos);
    FORKED_CHECK(policy.Take().empty());
    for (const sys::UniqueFd &client : clients)
        FORKED_CHECK(!IsReset(client));
    FORKED_CHECK(AcceptAll(listener.SocketOf(1)) == 10);
    return 0;
}

/** The last step of a handshake that was half open comes after the socket listens again. */
int HalfOpen() {
    if (!EnterNetwork('1'))
        return CANNOT;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    Listener &listener = table.Open(Tcp());
    FORKED_CHECK(Aim(listener.SocketOf(0), 0));
    const Address &at = listener.Spec().at.address;
    const sys::UniqueFd client(sys::AdoptTag(),
                               socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!HoldBack(client, true))
        return CANNOT;
    FORKED_CHECK(connect(client.Get(), at.Get(), at.Length()) != 0);
    FORKED_CHECK(errno == EINPROGRESS);
    FORKED_CHECK(listener.Rescue(0));
    FORKED_CHECK(HoldBack(client, false));
    FORKED_CHECK(harness::WaitFor([&] { return WaitingConnections(listener.SocketOf(0)) == 1; }));
    FORKED_CHECK(send(client.Get(), "x", 1, MSG_NOSIGNAL) == 1);
    const Rescued again = listener.Rescue(0);
    FORKED_CHECK(again);
    FORKED_CHECK(again.moved == 1);
    FORKED_CHECK(!IsReset(client));
    FORKED_CHECK(AcceptAll(listener.SocketOf(1)) == 1);
    return 0;
}

/** A seat that is parked, and a handshake that was half open then. */
int Parks() {
    if (!EnterNetwork('1'))
        return CANNOT;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    Listener &listener = table.Open(Tcp());
    const sys::Fd alarm = table.Alarm();
    for (const unsigned seat : {0U, 1U})
        table.TakeSeat(seat), table.Occupy(seat, seat), table.Activate(seat);
    FORKED_CHECK(Aim(listener.SocketOf(0), 1));
    const auto clients = Talk(listener, 10);
    const Address &at = listener.Spec().at.address;
    const sys::UniqueFd late(sys::AdoptTag(),
                             socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!HoldBack(late, true))
        return CANNOT;
    FORKED_CHECK(connect(late.Get(), at.Get(), at.Length()) != 0);
    FORKED_CHECK(WaitingConnections(listener.SocketOf(1)) == 10);
    table.Vacate(1);
    table.ParkSeat(1);
    FORKED_CHECK(WaitingConnections(listener.SocketOf(1)) == 0);
    FORKED_CHECK(AcceptAll(listener.SocketOf(0)) == 10);
    FORKED_CHECK(table.Repair().empty());

    FORKED_CHECK(HoldBack(late, false));
    pollfd look = {alarm.Get(), POLLIN, 0};
    FORKED_CHECK(poll(&look, 1, 5000) == 1);
    FORKED_CHECK(send(late.Get(), "x", 1, MSG_NOSIGNAL) == 1);
    FORKED_CHECK(WaitingConnections(listener.SocketOf(1)) == 1);
    FORKED_CHECK(table.Repair().empty());
    FORKED_CHECK(AcceptAll(listener.SocketOf(0)) == 1);
    FORKED_CHECK(table.TakeSeat() == 1);
    return 0;
}

void Run(int (*function)()) {
    const int status = InFork(function);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT)
        HARNESS_SKIP("needs a network namespace of its own with a writable /proc/sys");
    CHECK(status == 0);
}

bool IsReadable(sys::Fd fd) {
    pollfd look = {fd.Get(), POLLIN, 0};
    return poll(&look, 1, 0) == 1;
}

void ShutDown(sys::Fd socket) {
    REQUIRE(shutdown(socket.Get(), SHUT_RD) == 0);
}

/** A table with a group in which all slots have a ready worker. */
struct Group {
    explicit Group(unsigned slots) : table(policy, slots), listener(table.Open(Tcp())) {
        alarm = table.Alarm();
        for (unsigned slot = 0; slot < slots; slot++) {
            table.Occupy(slot, slot);
            table.Activate(slot);
        }
        policy.Take();
    }

    sys::Fd Socket(unsigned slot) const { return listener.SocketOf(slot); }

    Policy policy{true};
    ListenerTable table;
    Listener &listener;
    sys::Fd alarm;
};

} // namespace

TEST_CASE("Rescue: what waits goes to the others with its data, nobody is reset") {
    Run(Moves);
}

TEST_CASE("Rescue: where nothing would move it, all stays as it is") {
    Run(Stays);
}

TEST_CASE("Rescue: a handshake that was half open is moved by a second one") {
    Run(HalfOpen);
}

TEST_CASE("Park: what waits goes to the others, also what comes late") {
    Run(Parks);
}

TEST_CASE("Rescue: refused for what has no queue of its own, and for the last one") {
    const auto why = [](Listener &listener) { return std::string(listener.Rescue(0).refusal); };
    const Policy policy(true), none(false);
    ListenerTable table(policy, 2), shared(none, 2);
    CHECK(why(shared.Open(Tcp())) == "all workers accept from one socket");
    ListenSpec spec = Tcp();
    spec.at.type = SOCK_DGRAM;
    CHECK(why(table.Open(spec)) == "its sockets have no connections");
    spec = Tcp();
    spec.at.protocol = IPPROTO_MPTCP;
    try {
        CHECK(why(table.Open(spec)).ends_with("Multipath TCP socket"));
    } catch (const OpenError &error) {
        MESSAGE("SKIPPED: ListenerRescue: ", error.what());
    }
    Listener &listener = table.Open(Tcp());
    table.Activate(0);
    policy.Take();
    CHECK(why(listener) == "no other seat is active");
    CHECK(policy.Take().empty());
    table.LetGo();
    CHECK(why(listener) == "the cluster stops");
}

TEST_CASE("Alarm: connections do not raise it, a shutdown does") {
    Group group(2);
    CHECK(group.table.Alarm() == group.alarm);
    CHECK((fcntl(group.alarm.Get(), F_GETFD) & FD_CLOEXEC) != 0);
    const auto clients = Talk(group.listener, 20);
    CHECK(AcceptAll(group.Socket(0)) + AcceptAll(group.Socket(1)) == 20);
    CHECK_FALSE(IsReadable(group.alarm));
    CHECK(group.table.Repair().empty());
    ShutDown(group.Socket(1));
    CHECK(IsReadable(group.alarm));
    CHECK(group.table.Repair().size() == 1);
    CHECK_FALSE(IsReadable(group.alarm));
}

TEST_CASE("Repair: it listens again, as the last of its group, and others get the connections") {
    Group group(3);
    const Address at = group.listener.Spec().at.address;
    ShutDown(group.Socket(0));
    const auto repaired = group.table.Repair();
    REQUIRE(repaired.size() == 1);
    CHECK(repaired[0].listener == &group.listener);
    CHECK(repaired[0].seat == 0);
    CHECK(repaired[0].error == 0);
    CHECK(repaired[0].withheld);
    CHECK(group.policy.Take() == "-0+0L{12}");
    CHECK(IsListening(group.Socket(0)));
    CHECK(Address::OfSocket(group.Socket(0).Get()) == at);
    CHECK(QueueOf(group.Socket(0))->limit == 16);

    // What the same worker says of itself later changes nothing.
    group.table.Activate(0);
    CHECK(group.policy.Take().empty());
    ShutDown(group.Socket(0));
    CHECK(group.table.Repair().size() == 1);
    CHECK(group.policy.Take() == "-0+0L{12}");

    group.table.Vacate(0);
    group.table.Occupy(0, 0);
    CHECK(group.policy.Take().empty());
    group.table.Activate(0);
    CHECK(group.policy.Take() == "{012}");
}

TEST_CASE("Repair: a worker that listens there again gets connections again") {
    Group group(2);
    ShutDown(group.Socket(1));
    CHECK(group.table.Repair().size() == 1);
    CHECK(group.policy.Take() == "-1+1L{0}");
    CHECK(group.listener.Serve(1) == 0);
    CHECK(group.policy.Take() == "{01}");

    // Before anybody has noticed.
    ShutDown(group.Socket(1));
    CHECK(group.listener.Serve(1) == 0);
    CHECK(group.policy.Take() == "-1+1L{01}");
    CHECK(IsListening(group.Socket(1)));
    CHECK(group.table.Repair().empty());
}

TEST_CASE("Repair: one that ends with it, and what it has left behind, are no harm to the next") {
    Group group(2);
    ShutDown(group.Socket(1));
    group.table.Vacate(1);
    CHECK(group.policy.Take() == "{0}-1+1L{0}");
    CHECK(IsListening(group.Socket(1)));
    auto repaired = group.table.Repair();
    REQUIRE(repaired.size() == 1);
    CHECK_FALSE(repaired[0].withheld);

    ShutDown(group.Socket(1));
    repaired = group.table.Repair();
    REQUIRE(repaired.size() == 1);
    CHECK(group.policy.Take() == "-1+1L{0}");
    group.table.Occupy(1, 1);
    group.table.Activate(1);
    CHECK(group.policy.Take() == "{01}");
}

TEST_CASE("Repair: when all do it, one stays active") {
    Group group(3);
    for (const unsigned slot : {0U, 1U, 2U})
        ShutDown(group.Socket(slot));
    const auto repaired = group.table.Repair();
    REQUIRE(repaired.size() == 3);
    int withheld = 0;
    for (const Repaired &one : repaired)
        withheld += one.withheld ? 1 : 0;
    CHECK(withheld == 2);
    CHECK(Talk(group.listener, 5).size() == 5);
    for (const unsigned slot : {0U, 1U, 2U})
        CHECK(IsListening(group.Socket(slot)));
}

TEST_CASE("Repair: one socket for all, on the same port") {
    for (const unsigned slots : {1U, 4U}) {
        const Policy policy(false);
        ListenerTable table(policy, slots);
        const Listener &listener = table.Open(Tcp());
        const sys::Fd alarm = table.Alarm();
        const Address at = listener.Spec().at.address;
        policy.Take();
        ShutDown(listener.SocketOf(0));
        CHECK(IsReadable(alarm));
        const auto repaired = table.Repair();
        REQUIRE(repaired.size() == 1);
        CHECK(repaired[0].error == 0);
        CHECK_FALSE(repaired[0].withheld);
        CHECK(Address::OfSocket(listener.SocketOf(0).Get()) == at);
        CHECK(Dial(at).IsDefined());
    }
}

TEST_CASE("Repair: an inherited socket, with its own limit") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    static_cast<void>(table.Alarm());
    ListenSpec original = Tcp(), spec;
    {
        sys::UniqueFd fd = BindInet(original, Place::ALONE);
        REQUIRE(listen(fd.Get(), 33) == 0);
        spec.descriptor = dup(fd.Get()); // NOLINT(android-cloexec-dup): that is what is inherited
    }
    spec.source = ListenSpec::Source::INHERITED;
    spec.text = "fd";
    const Listener &listener = table.Open(spec);
    ShutDown(listener.SocketOf(0));
    REQUIRE(table.Repair().size() == 1);
    CHECK(QueueOf(listener.SocketOf(1))->limit == 33);
    CHECK(Dial(original.at.address).IsDefined());
}

TEST_CASE("Repair: Multipath TCP") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    ListenSpec spec = Tcp();
    spec.at.protocol = IPPROTO_MPTCP;
    try {
        const Listener &listener = table.Open(spec);
        static_cast<void>(table.Alarm());
        CHECK(Talk(listener, 5).size() == 5);
        CHECK(table.Repair().empty());
        ShutDown(listener.SocketOf(1));
        const auto repaired = table.Repair();
        REQUIRE(repaired.size() == 1);
        CHECK(repaired[0].error == 0);
        CHECK(IsListening(listener.SocketOf(1)));
    } catch (const OpenError &error) {
        MESSAGE("SKIPPED: ListenerRescue: ", error.what());
    }
}

TEST_CASE("Repair: a unix socket cannot listen again, which is said once") {
    const harness::TempDir directory;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    const sys::Fd alarm = table.Alarm();
    const Listener &listener = table.Open(UnixPath(directory / "x.sock"));
    const Address at = listener.Spec().at.address;
    CHECK(Dial(at).IsDefined());
    CHECK_FALSE(IsReadable(alarm));
    ShutDown(listener.SocketOf(0));
    const auto repaired = table.Repair();
    REQUIRE(repaired.size() == 1);
    CHECK(repaired[0].error == EOPNOTSUPP);
    CHECK_FALSE(Dial(at).IsDefined());
    // As far as known: should a kernel learn it, Repair() can.
    CHECK(listen(listener.SocketOf(0).Get(), 16) == 0);
    CHECK_FALSE(Dial(at).IsDefined());
    table.Vacate(1);
    CHECK(table.Repair().empty());
}

TEST_CASE(
    "Alarm: not for what was closed while a worker holds it, nor after the table has let go") {
    for (const bool close : {false, true}) {
        Group group(2);
        const sys::UniqueFd held(sys::AdoptTag(), fcntl(group.Socket(1).Get(), F_DUPFD_CLOEXEC, 0));
        if (close)
            group.table.Close(group.listener);
        else
            group.table.LetGo();
        ShutDown(held);
        CHECK_FALSE(IsReadable(group.alarm));
        CHECK(group.table.Repair().empty());
    }
}

TEST_CASE("Alarm: not for a withdrawn listener, but for one that has come back") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    const sys::Fd alarm = table.Alarm();
    Listener &original = table.Open(Tcp());
    try {
        REQUIRE(table.Sibling(original, AF_INET6) != nullptr);
    } catch (const OpenError &error) {
        MESSAGE("SKIPPED: ListenerRescue: ", error.what());
        return;
    }
    REQUIRE(original.IsWithdrawn());
    CHECK_FALSE(IsReadable(alarm));
    CHECK(original.Rescue(0).refusal == "a sibling has taken its place");
    table.Vacate(0);
    CHECK(table.Repair().empty());
    CHECK_FALSE(IsListening(original.SocketOf(0)));
    CHECK(original.Serve(1) == 0);
    ShutDown(original.SocketOf(0));
    CHECK(table.Repair().size() == 1);
    CHECK(IsListening(original.SocketOf(0)));
}

TEST_CASE("FiguresOf: the queue where there is one, nothing where it is unknown") {
    Group group(2);
    const auto clients = Talk(group.listener, 7);
    unsigned sum = 0;
    for (const unsigned slot : {0U, 1U}) {
        const SeatFigures figures = FiguresOf(group.listener, slot);
        CHECK_FALSE(figures.given);
        REQUIRE(figures.queue);
        CHECK(figures.queue->limit == 16);
        sum += figures.queue->length;
    }
    CHECK(sum == 7);
    ListenSpec udp = Tcp();
    udp.at.type = SOCK_DGRAM;
    CHECK_FALSE(FiguresOf(group.table.Open(udp), 0).queue);
    group.table.LetGo();
    CHECK_FALSE(FiguresOf(group.listener, 0).queue);
}
