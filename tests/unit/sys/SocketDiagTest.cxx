#include "sys/SocketDiag.hxx"
#include "sys/UniqueFd.hxx"

#include <doctest/doctest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace {

std::uint64_t InodeOf(int fd) {
    struct stat status = {};
    REQUIRE(fstat(fd, &status) == 0);
    return status.st_ino;
}

bool IsConnected(int family, int fd) {
    return sys::IsConnectedSocket(family, InodeOf(fd));
}

} // namespace

TEST_CASE("a TCP socket that listens, one that is connected, and one that is neither") {
    const sys::UniqueFd server(sys::AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sys::UniqueFd client(sys::AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(listen(server.Get(), 1) == 0);
    sockaddr_in address = {};
    socklen_t length = sizeof(address);
    auto *const at = reinterpret_cast<sockaddr *>(&address);
    REQUIRE(getsockname(server.Get(), at, &length) == 0);
    CHECK_FALSE(IsConnected(AF_INET, client.Get()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(connect(client.Get(), at, length) == 0);
    CHECK(IsConnected(AF_INET, client.Get()));
    CHECK_FALSE(IsConnected(AF_INET, server.Get()));
    CHECK_FALSE(IsConnected(AF_INET6, client.Get()));
}

TEST_CASE("a pair of unix sockets, and one alone") {
    int pair[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    const sys::UniqueFd one(sys::AdoptTag(), pair[0]), other(sys::AdoptTag(), pair[1]);
    const sys::UniqueFd alone(sys::AdoptTag(), socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(IsConnected(AF_UNIX, one.Get()));
    CHECK_FALSE(IsConnected(AF_UNIX, alone.Get()));
}
