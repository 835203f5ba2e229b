#include "net/SocketState.hxx"

#include <array>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

using namespace net;

namespace {

sys::UniqueFd Tcp() {
    return {sys::AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
}

} // namespace

TEST_CASE("the inode is that of /proc") {
    const auto socket = Tcp();
    std::array<char, 64> target = {};
    const std::string link = "/proc/self/fd/" + std::to_string(socket.Get());
    REQUIRE(readlink(link.c_str(), target.data(), target.size() - 1) > 0);
    CHECK(std::string(target.data()) == "socket:[" + std::to_string(InodeOf(socket)) + "]");
    CHECK(InodeOf({}) == 0);
}

TEST_CASE("a socket listens until it is shut down, and again after another listen") {
    const auto socket = Tcp();
    CHECK_FALSE(IsListening(socket));
    REQUIRE(listen(socket.Get(), 1) == 0);
    CHECK(IsListening(socket));
    REQUIRE(shutdown(socket.Get(), SHUT_RD) == 0);
    CHECK_FALSE(IsListening(socket));
    REQUIRE(listen(socket.Get(), 1) == 0);
    CHECK(IsListening(socket));
    CHECK_FALSE(IsListening({}));
}

TEST_CASE("connections that wait are counted") {
    const auto socket = Tcp();
    CHECK(WaitingConnections(socket) == 0);
    REQUIRE(listen(socket.Get(), 8) == 0);
    CHECK(WaitingConnections(socket) == 0);
    const Address at = Address::OfSocket(socket.Get());
    const auto one = Tcp();
    const auto two = Tcp();
    REQUIRE(connect(one.Get(), at.Get(), at.Length()) == 0);
    CHECK(WaitingConnections(socket) == 1);
    REQUIRE(connect(two.Get(), at.Get(), at.Length()) == 0);
    CHECK(WaitingConnections(socket) == 2);
    const sys::UniqueFd taken(sys::AdoptTag(), accept(socket.Get(), nullptr, nullptr));
    CHECK(WaitingConnections(socket) == 1);
    CHECK(WaitingConnections({}) == 0);
}

TEST_CASE("the length of a queue and its limit") {
    const auto socket = Tcp();
    CHECK_FALSE(QueueOf(socket));
    REQUIRE(listen(socket.Get(), 8) == 0);
    const Address at = Address::OfSocket(socket.Get());
    const auto client = Tcp();
    REQUIRE(connect(client.Get(), at.Get(), at.Length()) == 0);
    const auto queue = QueueOf(socket);
    REQUIRE(queue);
    CHECK(queue->length == 1);
    CHECK(queue->limit == 8);
    CHECK_FALSE(QueueOf(client));
    REQUIRE(shutdown(socket.Get(), SHUT_RD) == 0);
    CHECK_FALSE(QueueOf(socket));
    CHECK_FALSE(QueueOf({}));
    const sys::UniqueFd other(sys::AdoptTag(), ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK_FALSE(QueueOf(other));
}

TEST_CASE("of unix sockets it is known whether one waits") {
    const sys::UniqueFd socket(sys::AdoptTag(), ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr unnamed = {AF_UNIX, {}}; // the kernel finds a name
    REQUIRE(bind(socket.Get(), &unnamed, sizeof(unnamed.sa_family)) == 0);
    REQUIRE(listen(socket.Get(), 8) == 0);
    CHECK(WaitingConnections(socket) == 0);
    const Address at = Address::OfSocket(socket.Get());
    for (int i = 0; i < 2; i++) {
        const sys::UniqueFd client(sys::AdoptTag(),
                                   ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(connect(client.Get(), at.Get(), at.Length()) == 0);
        CHECK(WaitingConnections(socket) == 1);
    }
}

TEST_CASE("O_NONBLOCK on and off") {
    const auto socket = Tcp();
    SetNonblocking(socket, true);
    CHECK((fcntl(socket.Get(), F_GETFL) & O_NONBLOCK) != 0);
    SetNonblocking(socket, false);
    CHECK((fcntl(socket.Get(), F_GETFL) & O_NONBLOCK) == 0);
    SetNonblocking({}, true);
}

TEST_CASE("options that the kernel refuses do not matter") {
    const auto socket = Tcp();
    const int one = 1;
    const std::string yes(reinterpret_cast<const char *>(&one), sizeof(one));
    const std::array<SocketOption, 2> options = {{{4711, 1, yes}, {SOL_SOCKET, SO_KEEPALIVE, yes}}};
    SetOptions(socket, options);
    int value = 0;
    socklen_t length = sizeof(value);
    REQUIRE(getsockopt(socket.Get(), SOL_SOCKET, SO_KEEPALIVE, &value, &length) == 0);
    CHECK(value == 1);
    SetOptions({}, options);
}
