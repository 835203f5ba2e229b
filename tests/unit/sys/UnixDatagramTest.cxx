#include "sys/UnixDatagram.hxx"
#include "harness/TempDir.hxx"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

using namespace sys;

TEST_CASE("a path, or an abstract name, that fits") {
    CHECK(UnixAddress::Parse("/run/x"));
    CHECK(UnixAddress::Parse("@x"));
    CHECK(UnixAddress::Parse("/" + std::string(106, 'x')));
    CHECK(UnixAddress::Parse("@" + std::string(107, 'x')));
    for (const auto &wrong : {std::string(), std::string("/"), std::string("@"), std::string("x"),
                              std::string("vsock:2:1234"), std::string("./x"),
                              "/" + std::string(107, 'x'), "@" + std::string(108, 'x')})
        CHECK_FALSE(UnixAddress::Parse(wrong));
}

TEST_CASE("what is sent comes, with its sender") {
    const harness::TempDir directory;
    for (const std::string &name :
         {directory / "socket", "@clusterize-unit-" + std::to_string(getpid())}) {
        const auto address = UnixAddress::Parse(name).value();
        UnixDatagram mine, other;
        mine.Bind(address);
        CHECK((fcntl(mine.Descriptor().Get(), F_GETFD) & FD_CLOEXEC) != 0);
        CHECK_FALSE(mine.Receive(10));
        CHECK(other.Send(address, "hello") == 0);
        CHECK(other.Send(address, "a longer one") == 0);
        const auto first = mine.Receive(10), second = mine.Receive(10);
        REQUIRE(first);
        CHECK(first->text == "hello");
        CHECK(first->sender == getpid());
        CHECK_FALSE(first->truncated);
        CHECK(first->descriptors.empty());
        REQUIRE(second);
        CHECK(second->text == "a longer o");
        CHECK(second->truncated);
        CHECK_THROWS_AS(UnixDatagram().Bind(address), std::system_error);
    }
}

TEST_CASE("a full queue and nobody there are no reason to wait") {
    const auto address = UnixAddress::Parse("@clusterize-unit-" + std::to_string(getpid())).value();
    UnixDatagram other;
    CHECK(other.Send(address, "x") == ECONNREFUSED);
    UnixDatagram mine;
    mine.Bind(address);
    int error = 0;
    for (int i = 0; i < 100'000 && error == 0; i++)
        error = other.Send(address, "x");
    CHECK(error == EAGAIN);
}

TEST_CASE("packets of a connection: bytes and descriptors") {
    std::array<int, 2> ends = {-1, -1};
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const UniqueFd ours(AdoptTag(), ends[0]);
    const UniqueFd theirs(AdoptTag(), ends[1]);
    CHECK_FALSE(ReceiveDatagram(ours, 8, Wait::NO));
    CHECK(errno == EAGAIN);

    REQUIRE(send(theirs.Get(), "words", 5, 0) == 5);
    const auto words = ReceiveDatagram(ours, 8, Wait::YES);
    REQUIRE(words);
    CHECK(words->text == "words");
    CHECK(words->descriptors.empty());

    char byte = 'd';
    iovec part = {&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &ends[1], sizeof(int));
    REQUIRE(sendmsg(theirs.Get(), &message, 0) == 1);
    const auto handed = ReceiveDatagram(ours, 8, Wait::YES);
    REQUIRE(handed);
    REQUIRE(handed->descriptors.size() == 1);
    CHECK((fcntl(handed->descriptors[0].Get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(handed->descriptors[0].Get() != ends[1]);
}

TEST_CASE("the end of a connection is a packet without bytes") {
    std::array<int, 2> ends = {-1, -1};
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const UniqueFd ours(AdoptTag(), ends[0]);
    UniqueFd(AdoptTag(), ends[1]).Close();
    const auto end = ReceiveDatagram(ours, 8, Wait::YES);
    REQUIRE(end);
    CHECK(end->text.empty());
}
