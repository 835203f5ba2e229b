#include "unit/net/Tables.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace net;
using namespace unit;

namespace {

ListenSpec Adopted(const Address &address) {
    ListenSpec spec = Tcp();
    spec.name.clear();
    spec.text = address.ToString();
    spec.at.address = address;
    spec.origin = ListenSpec::Origin::ADOPTED;
    return spec;
}

/** A port of 127.0.0.1 that was free a moment ago. */
Address FreeAddress() {
    return Address::OfSocket(BindPlaceholder(Tcp(), false).Get());
}

/** Another program's socket, with SO_REUSEPORT where it has a group of its own. */
sys::UniqueFd Foreign(const Address &address, bool group, bool listens) {
    sys::UniqueFd fd(sys::AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    REQUIRE(setsockopt(fd.Get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
    if (group)
        REQUIRE(setsockopt(fd.Get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0);
    REQUIRE(bind(fd.Get(), address.Get(), address.Length()) == 0);
    if (listens)
        REQUIRE(listen(fd.Get(), 8) == 0);
    return fd;
}

template <typename Call> int ErrorOf(Call call) {
    try {
        call();
    } catch (const OpenError &error) {
        return error.Error();
    }
    return 0;
}

int Option(sys::Fd fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof(value);
    REQUIRE(getsockopt(fd.Get(), level, name, &value, &length) == 0);
    return value;
}

std::string Bytes(int value) {
    return {reinterpret_cast<const char *>(&value), sizeof(value)};
}

} // namespace

TEST_CASE(
    "placeholders of several workers, then the group, then more placeholders, all of one address") {
    for (const bool group : {false, true}) {
        const Policy policy(group);
        ListenerTable table(policy, 3);
        const Address address = FreeAddress();
        const ListenSpec spec = Adopted(address);
        const sys::UniqueFd first = table.Placeholder(spec), second = table.Placeholder(spec);
        CHECK(Address::OfSocket(first.Get()) == address);
        CHECK(Option(first, SOL_SOCKET, SO_ACCEPTCONN) == 0);
        CHECK(Option(first, SOL_SOCKET, SO_REUSEPORT) != 0);
        CHECK((fcntl(first.Get(), F_GETFD) & FD_CLOEXEC) != 0);
        const Listener &listener = table.Open(spec);
        CHECK(listener.IsShared() == !group);
        CHECK(listener.Spec().name == std::to_string(address.Port().value()));
        CHECK(table.Placeholder(spec).IsDefined());
        CHECK(Dial(address).IsDefined());
        CHECK(table.Exports(0).empty());
        CHECK(ErrorOf([&] { table.Open(spec); }) == EADDRINUSE);
        // Another clusterize finds it taken.
        ListenerTable other(policy, 3);
        CHECK(ErrorOf([&] { other.Placeholder(spec); }) == EADDRINUSE);
        CHECK(ErrorOf([&] { other.Open(spec); }) == EADDRINUSE);
    }
}

TEST_CASE("a client binds its source port: a placeholder connects, its peer sees the end") {
    const Policy policy(true);
    ListenerTable table(policy, 1);
    const Listener &server = table.Open(Tcp());
    sys::UniqueFd client = table.Placeholder(Adopted(FreeAddress()));
    const Address &to = server.Spec().at.address;
    REQUIRE(connect(client.Get(), to.Get(), to.Length()) == 0);
    const sys::UniqueFd accepted(sys::AdoptTag(),
                                 accept4(server.SocketOf(0).Get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(accepted.IsDefined());
    client.Close();
    char byte = 0;
    CHECK(recv(accepted.Get(), &byte, 1, 0) == 0);
}

TEST_CASE("what another program has is refused, whether it has a group or not") {
    const Policy policy(true);
    for (const bool group : {false, true}) {
        ListenerTable table(policy, 2);
        const Address address = FreeAddress();
        const ListenSpec spec = Adopted(address);
        const sys::UniqueFd bound = Foreign(address, true, false);
        const sys::UniqueFd placeholder = table.Placeholder(spec); // before that listens
        const sys::UniqueFd foreign = Foreign(address, true, true);
        CHECK(ErrorOf([&] { table.Placeholder(spec); }) == EADDRINUSE);
        CHECK(ErrorOf([&] { table.Open(spec); }) == EADDRINUSE);
        CHECK(table.Listeners().empty());

        const Address free_address = FreeAddress();
        const sys::UniqueFd taken = Foreign(free_address, group, true);
        CHECK(ErrorOf([&] { table.Placeholder(Adopted(free_address)); }) == EADDRINUSE);
    }
    ListenerTable table(policy, 2);
    CHECK(ErrorOf([&] { table.Placeholder(Tcp("192.0.2.1")); }) == EADDRNOTAVAIL);
    CHECK(ErrorOf([&] { table.Open(Adopted(Address::FromLiteral("192.0.2.1", 0).value())); }) ==
          EADDRNOTAVAIL);
}

TEST_CASE("a placeholder stands beside a listener of its own address and beside no other") {
    for (const bool group : {false, true}) {
        const Policy policy(group);
        ListenerTable table(policy, 2);
        const Address at = table.Open(Tcp("0.0.0.0")).Spec().at.address;
        const Address local = Address::FromLiteral("127.0.0.1", at.Port().value()).value();
        CHECK(ErrorOf([&] { table.Placeholder(Adopted(local)); }) == EADDRINUSE);
        const sys::UniqueFd placeholder = table.Placeholder(Adopted(at));
        CHECK(Address::OfSocket(placeholder.Get()) == at);
        ListenerTable other(policy, 2); // still nobody else gets in
        CHECK(ErrorOf([&] { other.Placeholder(Adopted(at)); }) == EADDRINUSE);
        CHECK(ErrorOf([&] { other.Open(Tcp("0.0.0.0", at.Port().value())); }) == EADDRINUSE);
    }
}

TEST_CASE("sockets for a worker have its uid, so that they share a port with no other user") {
    if (geteuid() != 0) {
        MESSAGE("SKIPPED: AdoptedTest: needs root");
        return;
    }
    const auto owner_of = [](sys::Fd socket) {
        struct stat status = {};
        REQUIRE(fstat(socket.Get(), &status) == 0);
        return status.st_uid;
    };
    for (const bool group : {false, true}) {
        const Policy policy(group);
        ListenerTable table(policy, 2);
        ListenSpec spec = Adopted(FreeAddress());
        spec.as = sys::ProcessIds{4001, 4001, {}, 022, 0};
        const sys::UniqueFd placeholder = table.Placeholder(spec);
        CHECK(owner_of(placeholder) == 4001);
        const Listener &listener = table.Open(spec);
        CHECK(owner_of(listener.SocketOf(1)) == 4001);
        CHECK(table.Placeholder(spec).IsDefined());
        // A root program that shares ports comes later.
        const sys::UniqueFd later(sys::AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int on = 1;
        setsockopt(later.Get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
        CHECK(bind(later.Get(), spec.at.address.Get(), spec.at.address.Length()) != 0);
        spec.as = sys::ProcessIds{4002, 4001, {}, 022, 0};
        CHECK(ErrorOf([&] { table.Placeholder(spec); }) == EADDRINUSE);
        spec.as.reset();
        CHECK(ErrorOf([&] { table.Placeholder(spec); }) == EADDRINUSE);
        // It was there before.
        const Address taken = FreeAddress();
        const sys::UniqueFd foreign = Foreign(taken, true, true);
        spec = Adopted(taken);
        spec.as = sys::ProcessIds{4001, 4001, {}, 022, 0};
        CHECK(ErrorOf([&] { table.Placeholder(spec); }) == EADDRINUSE);
    }
    CHECK(geteuid() == 0);
}

TEST_CASE("options are set on each socket, but not those that say who may have the address") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    ListenSpec spec = Adopted(FreeAddress());
    spec.options = {{IPPROTO_TCP, TCP_DEFER_ACCEPT, Bytes(3)},
                    {SOL_SOCKET, SO_KEEPALIVE, Bytes(1)},
                    {SOL_SOCKET, SO_REUSEADDR, Bytes(0)},
                    {12345, 1, "nonsense"}};
    const sys::UniqueFd placeholder = table.Placeholder(spec);
    CHECK(Option(placeholder, SOL_SOCKET, SO_KEEPALIVE) == 1);
    const Listener &listener = table.Open(spec);
    for (const unsigned slot : {0U, 1U}) {
        CHECK(Option(listener.SocketOf(slot), IPPROTO_TCP, TCP_DEFER_ACCEPT) != 0);
        CHECK(Option(listener.SocketOf(slot), SOL_SOCKET, SO_KEEPALIVE) == 1);
        CHECK(Option(listener.SocketOf(slot), SOL_SOCKET, SO_REUSEADDR) == 1);
    }
    ListenSpec port_sharing = Adopted(FreeAddress());
    port_sharing.options = {{SOL_SOCKET, SO_REUSEPORT, Bytes(1)}};
    const sys::UniqueFd foreign = Foreign(port_sharing.at.address, true, true);
    CHECK(ErrorOf([&] { table.Placeholder(port_sharing); }) == EADDRINUSE);
}

TEST_CASE("IPv6 of a worker stays IPv6, v4-mapped addresses are bound") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    const Address address =
        Address::FromLiteral("::ffff:127.0.0.1", FreeAddress().Port().value()).value();
    sys::UniqueFd probe(sys::AdoptTag(), socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!probe.IsDefined()) {
        MESSAGE("SKIPPED: AdoptedTest: no IPv6 here");
        return;
    }
    const sys::UniqueFd placeholder = table.Placeholder(Adopted(address));
    CHECK(Address::OfSocket(placeholder.Get()) == address);
    table.Open(Adopted(address));
    CHECK(Dial(address.Unmapped()).IsDefined());
    ListenSpec absent = Adopted(Address::FromLiteral("2001:db8::1", 0).value());
    absent.at.both_families = true;
    CHECK(ErrorOf([&] { table.Open(absent); }) == EADDRNOTAVAIL);
}

TEST_CASE("MPTCP: the worker's protocol") {
    ListenSpec spec = Adopted(FreeAddress());
    spec.at.protocol = IPPROTO_MPTCP;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    try {
        const sys::UniqueFd placeholder = table.Placeholder(spec);
        CHECK(Option(placeholder, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_MPTCP);
    } catch (const OpenError &error) {
        MESSAGE("SKIPPED: AdoptedTest: ", error.what());
        return;
    }
    const Listener &listener = table.Open(spec);
    CHECK_FALSE(listener.IsShared());
    CHECK(Option(listener.SocketOf(1), SOL_SOCKET, SO_PROTOCOL) == IPPROTO_MPTCP);
    CHECK(Dial(spec.at.address).IsDefined());
    CHECK(table.Find(spec.at) == &listener);
    spec.at.protocol = 0;
    CHECK(table.Find(spec.at) == nullptr);
}

TEST_CASE("closing one listener: its address is free, the others stay where they are") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    Listener &first = table.Open(Tcp());
    Listener &second = table.Open(Adopted(FreeAddress()));
    Listener &third = table.Open(Adopted(FreeAddress()));
    const Address gone = second.Spec().at.address;
    table.Close(second);
    table.CloseLast();
    CHECK_FALSE(Dial(gone).IsDefined());
    CHECK(table.Listeners().size() == 2);
    CHECK(&table.Listeners().front() == &first);
    CHECK(&table.Listeners().back() == &third);
    CHECK(Dial(third.Spec().at.address).IsDefined());
    table.Open(Adopted(gone));
    CHECK(Dial(gone).IsDefined());
    table.LetGo();
    CHECK_FALSE(third.SocketOf(0).IsDefined());
    table.Close(third);
    table.CloseLast();
}

// --- the active set --------------------------------------------------------------------------

TEST_CASE("adopted: the slots that are ready and serve, else those that serve, else the last set") {
    const Policy policy(true);
    ListenerTable table(policy, 3);
    Listener &listener = table.Open(Adopted(FreeAddress()));
    policy.Take();
    CHECK_FALSE(listener.IsServed());
    CHECK(listener.Serve(1) == 0);
    CHECK(listener.IsServed());
    CHECK(policy.Take() == "{1}");
    CHECK(listener.Serve(1) == 0);
    CHECK(policy.Take().empty());
    listener.Serve(0);
    CHECK(policy.Take() == "{01}");
    table.Activate(2); // ready, but it does not listen here
    CHECK(policy.Take().empty());
    table.Activate(1);
    CHECK(policy.Take() == "{1}");
    table.Activate(0);
    CHECK(policy.Take() == "{01}");
    table.Deactivate(0); // it drains
    CHECK(policy.Take() == "{1}");
    table.Deactivate(1); // both still serve
    CHECK(policy.Take() == "{01}");
    table.Vacate(0);
    CHECK(policy.Take() == "{1}");
    CHECK(listener.IsServed());
    table.Vacate(1);
    CHECK(policy.Take().empty());
    CHECK_FALSE(listener.IsServed());
    listener.Serve(1);
    CHECK(policy.Take().empty()); // that is the set in force
    listener.Serve(2);
    CHECK(policy.Take() == "{2}"); // the only one of the two that is ready
}

TEST_CASE("asked for: ready counts, not who listens") {
    const Policy policy(true);
    ListenerTable table(policy, 3);
    Listener &listener = table.Open(Tcp());
    policy.Take();
    listener.Serve(1);
    CHECK(policy.Take().empty());
    CHECK(listener.IsServed());
    table.Activate(2);
    CHECK(policy.Take() == "{2}");
    table.Vacate(1);
    CHECK(policy.Take().empty());
    table.LetGo();
    listener.Serve(0);
    table.Activate(0);
    CHECK(policy.Take().empty());
}

TEST_CASE("a withdrawn listener is not steered, and has its set again when it comes back") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    ListenSpec spec = Tcp("0.0.0.0");
    Listener &original = table.Open(spec);
    policy.Take();
    Listener *sibling = nullptr;
    try {
        sibling = table.Sibling(original, AF_INET6);
    } catch (const OpenError &error) {
        MESSAGE("SKIPPED: AdoptedTest: ", error.what());
        return;
    }
    CHECK(policy.Take() == "tcp*+0L+1L{01}-0-1");
    sibling->Serve(1);
    table.Activate(1);
    CHECK(policy.Take() == "{1}");
    original.Serve(1);
    CHECK(policy.Take() == "+0L+1L{1}");
}
