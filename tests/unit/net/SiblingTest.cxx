#include "net/Sibling.hxx"
#include "unit/net/Tables.hxx"

#include <doctest/doctest.h>

#include <algorithm>
#include <netinet/in.h>
#include <poll.h>

using namespace net;
using namespace unit;

namespace {

Endpoint At(const char *host, unsigned port, bool both_families = false) {
    Endpoint endpoint;
    endpoint.address = Address::FromLiteral(host, port).value();
    endpoint.both_families = both_families;
    return endpoint;
}

std::string Show(const std::optional<Endpoint> &at) {
    if (!at)
        return "none";
    return at->address.ToString() + (at->both_families ? " both" : "");
}

bool HasIpv6() {
    const sys::UniqueFd fd(sys::AdoptTag(), socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Address address = Address::FromLiteral("::1", 0).value();
    if (fd.IsDefined() && bind(fd.Get(), address.Get(), address.Length()) == 0)
        return true;
    MESSAGE("SKIPPED: SiblingTest: no IPv6 here");
    return false;
}

ListenSpec Both() {
    ListenSpec spec = Tcp("::");
    spec.at.both_families = true;
    return spec;
}

/** Takes what waits in all its queues. */
void Drain(const Listener &listener, unsigned slots) {
    for (unsigned slot = 0; slot < slots; slot++) {
        pollfd source = {listener.SocketOf(slot).Get(), POLLIN, 0};
        while (poll(&source, 1, 0) == 1 && source.revents == POLLIN) {
            char byte = 0;
            if (listener.Spec().at.type == SOCK_DGRAM)
                REQUIRE(recv(source.fd, &byte, 1, MSG_DONTWAIT) == 1);
            else
                sys::UniqueFd(sys::AdoptTag(), accept4(source.fd, nullptr, nullptr, SOCK_CLOEXEC));
        }
    }
}

/** Which of the two gets a client of that address: 'o' the original, 's' the sibling, '-'
 *  nobody. */
char WhoGets(const Listener &original, const Listener &sibling, const char *host, unsigned slots) {
    const unsigned port = original.Spec().at.address.Port().value();
    const Address address = Address::FromLiteral(host, port).value();
    const int type = original.Spec().at.type;
    const sys::UniqueFd client(sys::AdoptTag(), socket(address.Family(), type | SOCK_CLOEXEC, 0));
    if (connect(client.Get(), address.Get(), address.Length()) != 0)
        return '-';
    if (type == SOCK_DGRAM)
        REQUIRE(send(client.Get(), "x", 1, 0) == 1);
    const Listener *const first = &sibling, *const second = &original;
    std::vector<pollfd> sources;
    for (const Listener *listener : {first, second})
        for (unsigned slot = 0; slot < slots; slot++)
            sources.push_back({listener->SocketOf(slot).Get(), POLLIN, 0});
    for (;;) {
        REQUIRE(poll(sources.data(), sources.size(), 1000) > 0);
        bool found = false;
        for (std::size_t i = 0; i < sources.size(); i++) {
            if (sources[i].revents == POLLIN) {
                Drain(sibling, slots);
                Drain(original, slots);
                return i < slots ? 's' : 'o';
            }
            if (sources[i].revents != 0)
                sources[i].fd = -1; // one that does not listen: POLLHUP
            found = found || sources[i].fd >= 0;
        }
        REQUIRE(found);
    }
}

} // namespace

TEST_CASE("what corresponds to an address in the other family") {
    CHECK(Show(SiblingOf(At("::", 80, true), AF_INET)) == "0.0.0.0:80");
    CHECK(Show(SiblingOf(At("::", 80), AF_INET)) == "none");
    CHECK(Show(SiblingOf(At("::1", 80), AF_INET)) == "none");
    CHECK(Show(SiblingOf(At("::ffff:127.0.0.2", 80), AF_INET)) == "127.0.0.2:80");
    CHECK(Show(SiblingOf(At("127.0.0.2", 80), AF_INET6)) == "[::ffff:127.0.0.2]:80");
    CHECK(Show(SiblingOf(At("0.0.0.0", 80), AF_INET6)) == "[::]:80 both");
    CHECK(Show(SiblingOf(At("127.0.0.1", 80), AF_INET)) == "none");
    CHECK(Show(SiblingOf(At("127.0.0.1", 80), AF_UNIX)) == "none");
    Endpoint path;
    path.address = Address::Unix("/run/x", false);
    CHECK(Show(SiblingOf(path, AF_INET)) == "none");
}

TEST_CASE("FindAsked: the same address, its family, another family that has one, any; never an "
          "adopted one") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    Listener &first = table.Open(Tcp("127.0.0.2"));
    const unsigned port = first.Spec().at.address.Port().value();
    Listener &second = table.Open(Tcp("127.0.0.3", port));
    CHECK(table.FindAsked(At("127.0.0.3", port)) == &second);
    CHECK(table.FindAsked(At("0.0.0.0", port)) == &first);
    CHECK(table.FindAsked(At("::", port, true)) == &first);
    CHECK(table.FindAsked(At("127.0.0.3", port == 1 ? 2 : port - 1)) == nullptr);
    Endpoint other = At("127.0.0.3", port);
    other.protocol = IPPROTO_MPTCP;
    CHECK(table.FindAsked(other) == &second);
    other.type = SOCK_DGRAM;
    CHECK(table.FindAsked(other) == nullptr);

    ListenSpec adopted = Tcp("127.0.0.4", port);
    adopted.origin = ListenSpec::Origin::ADOPTED;
    table.Open(adopted);
    CHECK(table.FindAsked(adopted.at) == &first);
    CHECK(table.Exports(1).size() == 2);
    if (!HasIpv6())
        return;
    ListenerTable six(policy, 2);
    const unsigned number = six.Open(Tcp("::1")).Spec().at.address.Port().value();
    Listener &four = six.Open(Tcp("127.0.0.1", number));
    CHECK(six.FindAsked(At("::ffff:127.0.0.1", number)) == &six.Listeners().front());
    CHECK(six.FindAsked(At("127.0.0.9", number)) == &four);
}

TEST_CASE(
    "a sibling: IPv4 under a port for both families; the original is withdrawn and comes back") {
    if (!HasIpv6())
        return;
    for (const bool group : {false, true})
        for (const unsigned slots : {1U, 3U}) {
            CAPTURE(group);
            CAPTURE(slots);
            const Policy policy(group);
            ListenerTable table(policy, slots);
            Listener &original = table.Open(Both());
            CHECK(table.Sibling(original, AF_INET6) == &original);
            Listener *sibling = table.Sibling(original, AF_INET);
            REQUIRE(sibling != nullptr);
            CHECK(sibling->Spec().origin == ListenSpec::Origin::SIBLING);
            CHECK(sibling->Spec().name == "web");
            CHECK(sibling->Spec().at.address ==
                  Address::Any(AF_INET, original.Spec().at.address.Port().value()));
            CHECK(table.Sibling(original, AF_INET) == sibling);
            CHECK(table.Sibling(*sibling, AF_INET6) == &original);
            CHECK(original.IsWithdrawn());
            const auto exports = table.Exports(slots - 1);
            REQUIRE(exports.size() == 1);
            CHECK(exports[0].listener == &original);

            CHECK(sibling->Serve(0) == 0);
            for (int i = 0; i < 5; i++) {
                CHECK(WhoGets(original, *sibling, "127.0.0.1", slots) == 's');
                CHECK(WhoGets(original, *sibling, "::1", slots) == '-');
            }
            // A program that opens both itself, one with IPV6_V6ONLY.
            CHECK(original.Serve(0) == 0);
            CHECK_FALSE(original.IsWithdrawn());
            for (int i = 0; i < 5; i++) {
                CHECK(WhoGets(original, *sibling, "127.0.0.1", slots) == 's');
                CHECK(WhoGets(original, *sibling, "::1", slots) == 'o');
            }
        }
}

TEST_CASE("a sibling: IPv6 under an IPv4 address gets its clients, as the original is withdrawn") {
    if (!HasIpv6())
        return;
    for (const int type : {SOCK_STREAM, SOCK_DGRAM})
        for (const char *host : {"127.0.0.1", "0.0.0.0"})
            for (const bool group : {false, true}) {
                CAPTURE(type);
                CAPTURE(host);
                CAPTURE(group);
                const Policy policy(group);
                ListenerTable table(policy, 2);
                ListenSpec spec = Tcp(host);
                spec.at.type = type;
                Listener &original = table.Open(spec);
                Listener *sibling = table.Sibling(original, AF_INET6);
                REQUIRE(sibling != nullptr);
                CHECK(sibling->Spec().at.both_families == (std::string(host) == "0.0.0.0"));
                CHECK(original.IsWithdrawn());
                for (int i = 0; i < 5; i++)
                    CHECK(WhoGets(original, *sibling, "127.0.0.1", 2) == 's');
                if (sibling->Spec().at.both_families)
                    CHECK(WhoGets(original, *sibling, "::1", 2) == 's');
                CHECK(original.Serve(1) == 0);
                for (int i = 0; i < 5; i++)
                    CHECK(WhoGets(original, *sibling, "127.0.0.1", 2) == 'o');
            }
}

TEST_CASE("a sibling for UDP under a port for both families: IPv4 goes to it") {
    if (!HasIpv6())
        return;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    ListenSpec spec = Both();
    spec.at.type = SOCK_DGRAM;
    Listener &original = table.Open(spec);
    Listener *sibling = table.Sibling(original, AF_INET);
    REQUIRE(sibling != nullptr);
    for (int i = 0; i < 5; i++)
        CHECK(WhoGets(original, *sibling, "127.0.0.1", 2) == 's');
}

TEST_CASE("no sibling: an address of IPv6 alone, an inherited socket that would stay in front") {
    const Policy policy(true);
    ListenerTable table(policy, 2);
    if (HasIpv6()) {
        Listener &six = table.Open(Tcp("::1"));
        CHECK(table.Sibling(six, AF_INET) == nullptr);
        CHECK_FALSE(six.IsWithdrawn());
    }
    const Address address = Address::FromLiteral("127.0.0.1", 0).value();
    const sys::UniqueFd fd(sys::AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(bind(fd.Get(), address.Get(), address.Length()) == 0);
    REQUIRE(listen(fd.Get(), 8) == 0);
    ListenSpec spec;
    spec.source = ListenSpec::Source::INHERITED;
    spec.text = "fd";
    spec.descriptor = dup(fd.Get()); // NOLINT(android-cloexec-dup): that is what is inherited
    CHECK(table.Sibling(table.Open(spec), AF_INET6) == nullptr);
}

TEST_CASE("an inherited socket for both families gets a sibling and is left alone") {
    if (!HasIpv6())
        return;
    const Policy policy(true);
    ListenerTable table(policy, 2);
    ListenSpec both = Both();
    ListenSpec spec;
    spec.source = ListenSpec::Source::INHERITED;
    spec.text = "fd";
    {
        sys::UniqueFd fd = BindInet(both, Place::ALONE);
        Listen(fd, both);
        spec.descriptor = dup(fd.Get()); // NOLINT(android-cloexec-dup): that is what is inherited
    }
    Listener &original = table.Open(spec);
    Listener *sibling = table.Sibling(original, AF_INET);
    REQUIRE(sibling != nullptr);
    CHECK_FALSE(original.IsWithdrawn());
    CHECK(WhoGets(original, *sibling, "127.0.0.1", 2) == 's');
    CHECK(WhoGets(original, *sibling, "::1", 2) == 'o');
}

TEST_CASE("the original stays where it is served, or a slot is ready already") {
    if (!HasIpv6())
        return;
    const Policy policy(true);
    for (const bool is_ready : {false, true}) {
        ListenerTable table(policy, 2);
        Listener &original = table.Open(Both());
        if (is_ready)
            table.Activate(0);
        else
            CHECK(original.Serve(1) == 0);
        Listener *sibling = table.Sibling(original, AF_INET);
        REQUIRE(sibling != nullptr);
        CHECK_FALSE(original.IsWithdrawn());
        CHECK(WhoGets(original, *sibling, "127.0.0.1", 2) == 's');
        CHECK(WhoGets(original, *sibling, "::1", 2) == 'o');
    }
}
