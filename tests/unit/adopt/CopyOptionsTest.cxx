#include "adopt/CopyOptions.hxx"
#include "net/SocketState.hxx"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

using namespace adopt;

namespace {

constexpr SocketKind TCP = {AF_INET, SOCK_STREAM, 0};

sys::UniqueFd Make(const SocketKind &kind) {
    return {sys::AdoptTag(), socket(kind.family, kind.type | SOCK_CLOEXEC, kind.protocol)};
}

void Set(const sys::UniqueFd &fd, int level, int name, int value) {
    REQUIRE(setsockopt(fd.Get(), level, name, &value, sizeof(value)) == 0);
}

int Get(const sys::UniqueFd &fd, int level, int name) {
    int value = 0;
    socklen_t length = sizeof(value);
    REQUIRE(getsockopt(fd.Get(), level, name, &value, &length) == 0);
    return value;
}

} // namespace

TEST_CASE("a fresh socket has nothing to copy") {
    CHECK(CopyOptions(Make(TCP), TCP).empty());
    constexpr SocketKind UNIX = {AF_UNIX, SOCK_STREAM, 0};
    CHECK(CopyOptions(Make(UNIX), UNIX).empty());
    CHECK(CopyOptions({}, TCP).empty());
}

TEST_CASE("what was set is set again, buffers to the same size") {
    const auto from = Make(TCP), to = Make(TCP);
    Set(from, SOL_SOCKET, SO_KEEPALIVE, 1);
    Set(from, IPPROTO_TCP, TCP_NODELAY, 1);
    Set(from, IPPROTO_TCP, TCP_KEEPIDLE, 33);
    Set(from, SOL_SOCKET, SO_RCVBUF, 70'000);
    Set(from, IPPROTO_IP, IP_TOS, 0x10);
    net::SetOptions(to, CopyOptions(from, TCP));
    CHECK(Get(to, SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(Get(to, IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(Get(to, IPPROTO_TCP, TCP_KEEPIDLE) == 33);
    CHECK(Get(to, SOL_SOCKET, SO_RCVBUF) == Get(from, SOL_SOCKET, SO_RCVBUF));
    CHECK(Get(to, IPPROTO_IP, IP_TOS) == 0x10);
    CHECK(Get(to, SOL_SOCKET, SO_SNDBUF) == Get(Make(TCP), SOL_SOCKET, SO_SNDBUF));
}

TEST_CASE("who may have the address is not copied") {
    const auto from = Make(TCP), to = Make(TCP);
    Set(from, SOL_SOCKET, SO_REUSEADDR, 1);
    Set(from, SOL_SOCKET, SO_REUSEPORT, 1);
    net::SetOptions(to, CopyOptions(from, TCP));
    CHECK(Get(to, SOL_SOCKET, SO_REUSEADDR) == 0);
    CHECK(Get(to, SOL_SOCKET, SO_REUSEPORT) == 0);
}
