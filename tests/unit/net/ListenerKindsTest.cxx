#include "net/ListenerKinds.hxx"
#include "harness/TempDir.hxx"
#include "net/Activation.hxx"
#include "sys/Accounts.hxx"
#include "util/UserError.hxx"

#include <doctest/doctest.h>

using namespace net;

namespace {

struct Fixture {
    Fixture() {
        directory.Write("passwd", "alice:x:1000:1001::/:/bin/sh\n");
        directory.Write("group", "www:x:33:\n");
    }

    std::vector<ListenSpec> All(std::string_view text) const {
        return ParseListener(text, {accounts, activation ? &*activation : nullptr, "the reason"});
    }

    ListenSpec One(std::string_view text) const {
        const auto specs = All(text);
        REQUIRE(specs.size() == 1);
        CHECK(specs[0].text == text);
        return specs[0];
    }

    std::string Message(std::string_view text) const {
        try {
            (void)All(text);
        } catch (const util::UserError &error) {
            return error.what();
        }
        return "taken";
    }

    harness::TempDir directory;
    sys::Accounts accounts{directory.Path()};
    std::optional<Activation> activation;
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "a port alone: all addresses of both families") {
    const ListenSpec spec = One("8000");
    CHECK(spec.at.both_families);
    CHECK(spec.at.type == SOCK_STREAM);
    CHECK(spec.at.address == Address::Any(AF_INET6, 8000));
    CHECK(spec.name.empty()); // until it is open: DefaultName()
    CHECK(spec.source == ListenSpec::Source::OPENED);
    CHECK(One("0").at.address.Port() == 0U);
    CHECK(One("65535").at.address.Port() == 65535U);
}

TEST_CASE_FIXTURE(Fixture, "a host and a port") {
    const ListenSpec v4 = One("127.0.0.1:80");
    CHECK_FALSE(v4.at.both_families);
    CHECK(v4.at.address.ToString() == "127.0.0.1:80");
    const ListenSpec v6 = One("[::1]:80");
    CHECK_FALSE(v6.at.both_families);
    CHECK(v6.at.address.ToString() == "[::1]:80");
    CHECK_FALSE(One("[::]:80").at.both_families);
    CHECK(One("0.0.0.0:80").at.address.ToString() == "0.0.0.0:80");
    CHECK(One("[fe80::1%1]:80").at.address.ToString() == "[fe80::1%1]:80");
}

TEST_CASE_FIXTURE(Fixture, "a host by name, as /etc/hosts knows it") {
    const std::string host = One("localhost:80").at.address.Host();
    CHECK((host == "127.0.0.1" || host == "::1"));
}

TEST_CASE_FIXTURE(Fixture, "UDP, in both spellings") {
    for (const char *text : {"53/udp", "udp:53"}) {
        CAPTURE(text);
        const ListenSpec spec = One(text);
        CHECK(spec.at.type == SOCK_DGRAM);
        CHECK(spec.at.both_families);
    }
    CHECK(One("127.0.0.1:53/udp").at.type == SOCK_DGRAM);
    CHECK(One("udp:[::1]:53").at.address.ToString() == "[::1]:53");
    CHECK_FALSE(One("53").at == One("53/udp").at);
}

TEST_CASE_FIXTURE(Fixture, "bad ports and hosts") {
    CHECK(Message("65536") == "'65536' is no port: a number from 0 to 65535");
    CHECK(Message("http") == "'http' is no port: a number from 0 to 65535");
    CHECK(Message("-1") == "'-1' is no port: a number from 0 to 65535");
    CHECK(Message("127.0.0.1:") == "'' is no port: a number from 0 to 65535");
    CHECK(Message("*:80") == "unknown host '*': an IP address, or a name that /etc/hosts knows");
    CHECK(Message("80/tcp") == "'80/tcp' is no port: a number from 0 to 65535");
    CHECK(Message("80/sctp") == "'80/sctp' is no port: a number from 0 to 65535");
    CHECK(Message("80/udp/udp") == "'80/udp' is no port: a number from 0 to 65535");
    CHECK(Message("udp:53/udp") == "'53/udp' is no port: a number from 0 to 65535");
    CHECK(Message("127.0.0.1") == "'127.0.0.1' is no port: a number from 0 to 65535");
    CHECK(Message("[::1]") == "an IPv6 address goes into brackets: [::1]:8000");
    CHECK(Message("::1:80") == "an IPv6 address goes into brackets: [::1]:8000");
    CHECK(Message(":80") ==
          "the host before the colon is missing: HOST:PORT, or PORT alone for all addresses");
    CHECK(Message("[]:80") ==
          "the host before the colon is missing: HOST:PORT, or PORT alone for all addresses");
    CHECK(Message("no-such-host.invalid:80") ==
          "unknown host 'no-such-host.invalid': an IP address, or a name that /etc/hosts knows");
    CHECK(Message("256.0.0.1:80") ==
          "unknown host '256.0.0.1': an IP address, or a name that /etc/hosts knows");
    CHECK(Message("") == "the address is missing");
    CHECK(Message("web=") == "the address is missing");
    CHECK(Message("udp:") == "'' is no port: a number from 0 to 65535");
}

TEST_CASE_FIXTURE(Fixture, "names") {
    const ListenSpec spec = One("web=127.0.0.1:80");
    CHECK(spec.name == "web");
    CHECK(spec.at.address.ToString() == "127.0.0.1:80");
    CHECK(One("a-b_c.1=80").name == "a-b_c.1");
    CHECK(One("x=unix:/run/a=b.sock,mode=0600").name == "x");
    CHECK(One("x=unix:/run/a=b.sock").at.address.Host() == "/run/a=b.sock");
    CHECK(One("unix:/run/a=b.sock").name.empty());
}

TEST_CASE_FIXTURE(Fixture, "unix paths, with what they are to look like") {
    const ListenSpec plain = One("unix:/run/x.sock");
    CHECK(plain.at.address == Address::Unix("/run/x.sock", false));
    CHECK_FALSE(plain.unix_options.mode);
    CHECK_FALSE(plain.unix_options.user);
    CHECK_FALSE(plain.unix_options.group);

    const ListenSpec full = One("unix:/run/x.sock,mode=0660,user=alice,group=www");
    CHECK(full.unix_options.mode == 0660U);
    CHECK(full.unix_options.user == 1000U);
    CHECK(full.unix_options.group == 33U);
    CHECK(One("unix:x,user=4711,group=0").unix_options.user == 4711U);
    CHECK(One("unix:x,user=4711,group=0").unix_options.group == 0U);
    CHECK(One("unix:relative").at.address.Host() == "relative");
}

TEST_CASE_FIXTURE(Fixture, "abstract names") {
    const ListenSpec spec = One("unix:@name");
    CHECK(spec.at.address == Address::Unix("name", true));
    CHECK(Message("unix:@name,mode=0600") ==
          "an abstract name has no file: mode=, user= and group= are for paths");
    CHECK(Message("unix:@") == "the path is missing: unix:PATH or unix:@NAME");
}

TEST_CASE_FIXTURE(Fixture, "bad unix paths") {
    CHECK(Message("unix:") == "the path is missing: unix:PATH or unix:@NAME");
    CHECK(Message("unix:,mode=0600") == "the path is missing: unix:PATH or unix:@NAME");
    CHECK(Message("unix:/x,mode=888") == "mode '888' is no octal file mode such as 0660");
    CHECK(Message("unix:/x,mode=") == "mode '' is no octal file mode such as 0660");
    CHECK(Message("unix:/x,mode") == "mode '' is no octal file mode such as 0660");
    CHECK(Message("unix:/x,user=nobody-knows") ==
          "unknown user 'nobody-knows': a name of /etc/passwd or a number");
    CHECK(Message("unix:/x,user=4294967295") ==
          "unknown user '4294967295': a name of /etc/passwd or a number");
    CHECK(Message("unix:/x,group=nobody-knows") ==
          "unknown group 'nobody-knows': a name of /etc/group or a number");
    CHECK(Message("unix:/x,owner=root") == "'owner=root' is none of mode=, user=, group=");
    CHECK(Message("unix:/x,") == "'' is none of mode=, user=, group=");
    CHECK(One("unix:" + std::string(107, 'p')).at.address.Host() == std::string(107, 'p'));
    CHECK(Message("unix:" + std::string(108, 'p')) ==
          "the path has 108 bytes, the kernel takes 107");
}

TEST_CASE_FIXTURE(Fixture, "inherited descriptors") {
    const ListenSpec spec = One("fd:7");
    CHECK(spec.source == ListenSpec::Source::INHERITED);
    CHECK(spec.descriptor == 7);
    CHECK(spec.name == "fd7");
    CHECK(One("fd:0").descriptor == 0);
    CHECK(One("x=fd:3").name == "x");
    CHECK(Message("fd:") == "'' is no descriptor: fd:N with a number N");
    CHECK(Message("fd:-1") == "'-1' is no descriptor: fd:N with a number N");
    CHECK(Message("fd:3x") == "'3x' is no descriptor: fd:N with a number N");
    CHECK(Message("fd:2147483648") == "'2147483648' is no descriptor: fd:N with a number N");
    CHECK(Message("fd:1") ==
          "descriptors 1 and 2 are standard output and error: 0, or 3 and above");
    CHECK(Message("fd:2") ==
          "descriptors 1 and 2 are standard output and error: 0, or 3 and above");
}

TEST_CASE_FIXTURE(Fixture, "systemd: one listener for each that was handed over") {
    CHECK(Message("systemd") == "no socket was handed over: the reason");
    activation = Activation{{"web", "admin"}};
    const auto specs = All("systemd");
    REQUIRE(specs.size() == 2);
    CHECK(specs[0].descriptor == 3);
    CHECK(specs[0].name == "web");
    CHECK(specs[1].descriptor == 4);
    CHECK(specs[1].name == "admin");
    CHECK(specs[0].source == ListenSpec::Source::INHERITED);
    CHECK(Message("systemd:3") == "nothing follows the word systemd");
}
