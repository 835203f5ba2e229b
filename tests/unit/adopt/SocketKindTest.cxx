#include "adopt/SocketKind.hxx"

#include "sys/UniqueFd.hxx"

#include <cerrno>
#include <cstring>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

using namespace adopt;

namespace {

ReadAddress Read(const void *place, std::uint64_t length) {
    sys::OtherProcess self(getpid());
    return ReadBindAddress(self, reinterpret_cast<std::uintptr_t>(place), length);
}

} // namespace

TEST_CASE("what the kernel calls a socket names its kind") {
    const auto check = [](int family, int type, int protocol, int known_protocol) {
        const sys::UniqueFd fd(sys::AdoptTag(), socket(family, type | SOCK_CLOEXEC, protocol));
        if (!fd.IsDefined()) { // a kernel without MPTCP or IPv6
            MESSAGE("no socket of family ", family, ", protocol ", protocol);
            return;
        }
        const auto file = sys::OtherProcess(getpid()).Look(fd.Get());
        REQUIRE(file);
        const auto kind = FindKind(file->protocol);
        CAPTURE(file->protocol);
        REQUIRE(kind);
        CHECK(kind->family == family);
        CHECK(kind->type == type);
        CHECK(kind->protocol == known_protocol);
    };
    check(AF_INET, SOCK_STREAM, 0, 0);
    check(AF_INET6, SOCK_STREAM, 0, 0);
    check(AF_INET, SOCK_DGRAM, 0, 0);
    check(AF_INET6, SOCK_DGRAM, 0, 0);
    check(AF_INET, SOCK_STREAM, IPPROTO_MPTCP, IPPROTO_MPTCP);
    check(AF_INET6, SOCK_STREAM, IPPROTO_MPTCP, IPPROTO_MPTCP);
    check(AF_UNIX, SOCK_STREAM, 0, 0);
}

TEST_CASE("other sockets and other files are never adopted") {
    CHECK_FALSE(FindKind(""));
    CHECK_FALSE(FindKind("RAW"));
    CHECK_FALSE(FindKind("UNIX-DGRAM"));
    CHECK_FALSE(FindKind("NETLINK"));
}

TEST_CASE("an address is read from the memory of the process") {
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(8000);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::memset(v4.sin_zero, 0x55, sizeof(v4.sin_zero)); // the kernel does not look there
    const auto read = Read(&v4, sizeof(v4));
    REQUIRE(read.address);
    CHECK(read.address->ToString() == "127.0.0.1:8000");
    CHECK(*read.address == *net::Address::FromLiteral("127.0.0.1", 8000));
    CHECK(Read(&v4, 0xFFFF'FFFF'0000'0010).address); // the kernel takes the lower half
}

TEST_CASE("lengths that the kernel refuses are its own affair") {
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    for (const std::uint64_t length : {0UL, 1UL, 2UL, 15UL, 129UL, 0x8000'0000UL, ~0UL}) {
        CAPTURE(length);
        const auto read = Read(&v4, length);
        CHECK_FALSE(read.address);
        CHECK(read.error == 0);
    }
}

TEST_CASE("pointers to nothing") {
    CHECK(Read(nullptr, sizeof(sockaddr_in)).error == EFAULT);
    const sys::OtherProcess self(getpid());
    sys::OtherProcess process(getpid());
    CHECK(ReadBindAddress(process, 0xFFFF'8000'0000'0000, 16).error == EFAULT);
    CHECK(ReadBindAddress(process, ~0ULL - 3, 16).error == EFAULT);
}

TEST_CASE("unix paths, with and without an end, and abstract names") {
    sockaddr_un local = {};
    local.sun_family = AF_UNIX;
    constexpr auto OFFSET = offsetof(sockaddr_un, sun_path);
    std::memcpy(local.sun_path, "/tmp/x\0garbage", 14);
    CHECK(Read(&local, OFFSET + 7).address->Host() == "/tmp/x");
    CHECK(Read(&local, OFFSET + 6).address->Host() == "/tmp/x"); // not terminated
    CHECK(Read(&local, sizeof(local)).address->Host() == "/tmp/x");
    CHECK_FALSE(Read(&local, OFFSET).address); // autobind
    CHECK_FALSE(Read(&local, sizeof(local) + 1).address);
    local.sun_path[0] = '\0';
    CHECK(Read(&local, OFFSET + 6).address->Host() == "@tmp/x");
}
