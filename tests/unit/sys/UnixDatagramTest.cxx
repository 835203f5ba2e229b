#include "sys/UnixDatagram.hxx"
#include "harness/TempDir.hxx"

#include <doctest/doctest.h>

#include <cerrno>
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
