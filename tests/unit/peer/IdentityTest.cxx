#include "peer/Identity.hxx"
#include "harness/Skip.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <array>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace peer;

TEST_CASE("who has made a pair") {
    std::array<int, 2> ends = {};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const sys::UniqueFd one(sys::AdoptTag(), ends[0]), other(sys::AdoptTag(), ends[1]);
    const auto identity = Identity::Of(one);
    REQUIRE(identity);
    CHECK(identity->pid == getpid());
    CHECK(identity->uid == getuid());
    CHECK(identity->gid == getgid());
    if (!identity->pidfd.IsDefined())
        HARNESS_SKIP("the kernel has no SO_PEERPIDFD");
    CHECK((fcntl(identity->pidfd.Get(), F_GETFD) & FD_CLOEXEC) != 0);
    pollfd end = {identity->pidfd.Get(), POLLIN, 0};
    CHECK(poll(&end, 1, 0) == 0);
}

TEST_CASE("a socket without another side has nobody there") {
    const sys::UniqueFd socket(sys::AdoptTag(), ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK_FALSE(Identity::Of(socket));
    CHECK_FALSE(Identity::Of(sys::Fd()));
}
