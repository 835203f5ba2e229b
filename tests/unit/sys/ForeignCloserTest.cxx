#include "sys/ForeignCloser.hxx"
#include "harness/Fuse.hxx"
#include "harness/Skip.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <vector>

using namespace sys;

namespace {

struct Fixture {
    ~Fixture() {
        for (const pid_t pid : pids)
            waitpid(pid, nullptr, 0);
    }

    void OnForked(pid_t pid) noexcept { pids.push_back(pid); }

    void AwaitLast() {
        waitpid(pids.back(), nullptr, 0);
        pids.pop_back();
    }

    std::vector<pid_t> pids;
};

ForeignCloser Make(Fixture &fixture) {
    return ForeignCloser(util::BoundMethod<void(pid_t)>::Make<&Fixture::OnForked>(fixture));
}

/** A TCP connection with unread data and SO_LINGER: the last close(2) waits as long as that says.
 *  */
UniqueFd Lingering(UniqueFd &peer, int seconds) {
    const UniqueFd listener(AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    const int small = 4096;
    REQUIRE(setsockopt(listener.Get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)) == 0);
    REQUIRE(bind(listener.Get(), reinterpret_cast<sockaddr *>(&address), length) == 0);
    REQUIRE(listen(listener.Get(), 1) == 0);
    REQUIRE(getsockname(listener.Get(), reinterpret_cast<sockaddr *>(&address), &length) == 0);
    UniqueFd client(AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(connect(client.Get(), reinterpret_cast<sockaddr *>(&address), length) == 0);
    peer = UniqueFd(AdoptTag(), accept4(listener.Get(), nullptr, nullptr, SOCK_CLOEXEC));
    const std::string data(1 << 16, 'x');
    while (send(client.Get(), data.data(), data.size(), MSG_DONTWAIT) > 0) {
    }
    const linger wait = {1, seconds};
    REQUIRE(setsockopt(client.Get(), SOL_SOCKET, SO_LINGER, &wait, sizeof(wait)) == 0);
    return client;
}

} // namespace

TEST_CASE("descriptors are closed by a child that shares the table") {
    Fixture fixture;
    ForeignCloser closer = Make(fixture);
    unit::Pipe one, other;
    std::vector<UniqueFd> both;
    both.push_back(std::move(one.writer));
    both.push_back(std::move(other.writer));
    closer.Close(std::move(both));
    REQUIRE(fixture.pids.size() == 1);
    fixture.AwaitLast();
    CHECK(closer.Children() == 0);
    CHECK(one.ReadToEnd().empty()); // the end of it: there is no writer
    CHECK(other.ReadToEnd().empty());
}

TEST_CASE("nothing waits for a connection that lingers") {
    Fixture fixture;
    ForeignCloser closer = Make(fixture);
    UniqueFd peer;
    closer.Close(Lingering(peer, 3600));
    CHECK(closer.Children() == 1); // an hour
    REQUIRE(kill(fixture.pids.front(), SIGKILL) == 0);
}

TEST_CASE("beyond the most children descriptors wait for the next call") {
    Fixture fixture;
    ForeignCloser closer = Make(fixture);
    std::vector<UniqueFd> peers(ForeignCloser::MOST_CHILDREN);
    for (UniqueFd &peer : peers)
        closer.Close(Lingering(peer, 3600));
    CHECK(closer.Children() == ForeignCloser::MOST_CHILDREN);
    unit::Pipe pipe;
    closer.Close(std::move(pipe.writer));
    CHECK(closer.Waiting() == 1);
    REQUIRE(kill(fixture.pids.back(), SIGKILL) == 0);
    fixture.AwaitLast();
    closer.Close(UniqueFd());
    CHECK(closer.Waiting() == 0);
    CHECK(pipe.ReadToEnd().empty());
    for (const pid_t pid : fixture.pids)
        kill(pid, SIGKILL);
}

TEST_CASE("nothing waits for a file system that does not answer") {
    const auto fuse = harness::Fuse::Mount();
    if (fuse == nullptr)
        HARNESS_SKIP("no FUSE file system can be mounted here");
    Fixture fixture;
    ForeignCloser closer = Make(fixture);
    UniqueFd file(AdoptTag(), open(fuse->File().c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(file.IsDefined());
    fuse->Stop(); // from now on it reads requests and answers none
    closer.Close(std::move(file));
    CHECK(fuse->AwaitRequest());
    CHECK(closer.Children() == 1);
    fuse->Abort();
}
