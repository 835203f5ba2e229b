#include "peer/Peer.hxx"
#include "harness/Fuse.hxx"
#include "harness/Lingering.hxx"
#include "harness/Skip.hxx"
#include "harness/Wait.hxx"
#include "sys/UnixDatagram.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace peer;
using namespace std::chrono_literals;

namespace {

/** Sends on a connected socket, with copies of a descriptor. 0 or errno. */
int Send(sys::Fd to, std::string text, int descriptor = -1, std::size_t count = 1) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(253 * sizeof(int))> control = {};
    iovec data = {text.data(), text.size()};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (descriptor >= 0) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        cmsghdr *part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(count * sizeof(int));
        for (std::size_t i = 0; i < count; i++)
            std::memcpy(CMSG_DATA(part) + i * sizeof(int), &descriptor, sizeof(descriptor));
    }
    return sendmsg(to.Get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

/** A file of that file system, which no living process has open afterwards. 0: it was sent. */
int SendFile(sys::Fd to, const std::string &text, const harness::Fuse &fuse) {
    return unit::InFork([&] {
        const int file = open(fuse.File().c_str(), O_RDONLY | O_CLOEXEC);
        return file < 0 ? 1 : Send(to, text, file);
    });
}

/** A peer and its other side, which is this process. */
struct Fixture : MessageHandler {
    explicit Fixture(Kind kind = Kind::DATAGRAM, const Limits &limits = {}) {
        std::array<int, 2> ends = {};
        const int type = kind == Kind::DATAGRAM ? SOCK_DGRAM : SOCK_STREAM;
        REQUIRE(socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
        sys::UniqueFd ours(sys::AdoptTag(), ends[0]);
        other = sys::UniqueFd(sys::AdoptTag(), ends[1]);
        const int yes = 1;
        if (kind == Kind::DATAGRAM)
            REQUIRE(setsockopt(ours.Get(), SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) == 0);
        peer.emplace(context, *this, 7, std::move(ours), kind, limits);
    }
    ~Fixture() override {
        peer.reset();
        errands.reset();
        for (const pid_t pid : pids) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
    }

    Progress OnMessage(const Message &message) noexcept override {
        log += message.text;
        log += message.truncated ? "…;" : ";";
        sender = message.sender;
        user = message.user;
        return later ? Progress::LATER : Progress::DONE;
    }
    void OnEnd(End end) noexcept override { log += "end" + std::to_string(static_cast<int>(end)); }
    void OnForked(pid_t pid) noexcept { pids.push_back(pid); }

    void Turn() { loop.Turn(loop::Loop::Wait::NO); }
    std::string Log() {
        Turn();
        return std::exchange(log, {});
    }
    /** All that comes until it is as long. */
    std::string Await(std::size_t length) {
        CHECK(harness::WaitFor([&] {
            const auto began = std::chrono::steady_clock::now();
            Turn();
            longest = std::max(longest, std::chrono::steady_clock::now() - began);
            return log.size() >= length;
        }));
        return std::exchange(log, {});
    }

    std::string log;
    pid_t sender = 0;
    uid_t user = 1;
    bool later = false;
    std::vector<pid_t> pids;
    std::chrono::steady_clock::duration longest{0};
    loop::MonotonicClock clock;
    loop::Loop loop{clock};
    std::optional<loop::Errands> errands{
        std::in_place, loop, util::BoundMethod<void(pid_t)>::Make<&Fixture::OnForked>(*this)};
    const Context context{loop, *errands,
                          util::BoundMethod<void(pid_t)>::Make<&Fixture::OnForked>(*this)};
    sys::UniqueFd other;
    std::optional<Peer> peer;
};

struct Stream : Fixture {
    Stream() : Fixture(Kind::STREAM, {8, 2, 16}) {}
};

/** The last copy of a file is closed when the pipe has no writer. */
bool HasWriters(const unit::Pipe &pipe) {
    pollfd end = {pipe.reader.Get(), POLLIN, 0};
    return poll(&end, 1, 0) == 0;
}

std::size_t CountDescriptors() {
    std::size_t count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return count;
}

} // namespace

// --- datagrams -------------------------------------------------------------------------------

TEST_CASE_FIXTURE(Fixture, "datagrams come in their order, with their sender") {
    CHECK(Send(other, "one") == 0);
    CHECK(Send(other, "") == 0);
    CHECK(Send(other, std::string(4096, 'x')) == 0);
    CHECK(Send(other, std::string(5000, 'y')) == 0);
    CHECK(Log() == "one;;" + std::string(4096, 'x') + ";" + std::string(4096, 'y') + "…;");
    CHECK(sender == getpid());
    CHECK(user == getuid());
    CHECK(Log().empty());
    CHECK(pids.empty());
}

TEST_CASE("of a flood of datagrams a part a turn") {
    Fixture fixture(Kind::DATAGRAM, {4096, 2, 0});
    for (const char *text : {"a", "b", "c", "d", "e"})
        CHECK(Send(fixture.other, text) == 0);
    CHECK(fixture.Log() == "a;b;");
    CHECK(fixture.Log() == "c;d;");
    CHECK(fixture.Log() == "e;");
}

TEST_CASE_FIXTURE(Fixture, "nothing is read until the listener is done") {
    later = true;
    CHECK(Send(other, "a") == 0);
    CHECK(Send(other, "b") == 0);
    CHECK(Log() == "a;");
    CHECK(Log().empty());
    later = false;
    peer->Done();
    CHECK(Log() == "b;");
}

TEST_CASE_FIXTURE(Fixture, "descriptors of a datagram are closed after it was acted on, and none "
                           "comes into this process") {
    unit::Pipe pipe;
    CHECK(Send(other, "BARRIER=1", pipe.writer.Get(), 253) == 0);
    CHECK(Send(other, "after") == 0);
    pipe.writer.Close();
    const std::size_t before = CountDescriptors();
    CHECK(Log() == "BARRIER=1;");
    CHECK(HasWriters(pipe));
    CHECK(Await(1) == "after;");
    CHECK_FALSE(HasWriters(pipe));
    CHECK(CountDescriptors() <= before + 3); // the errand's own
}

TEST_CASE_FIXTURE(Fixture, "a lingering socket in a datagram does not stop the loop") {
    harness::Lingering lingering(20);
    CHECK(Send(other, "x", lingering.Descriptor()) == 0);
    CHECK(Send(other, "after") == 0);
    lingering.Close();
    CHECK(Await(8) == "x;after;");
    CHECK(longest < 500ms);
}

TEST_CASE_FIXTURE(Fixture, "a file of a file system that hangs does not stop the loop") {
    const auto fuse = harness::Fuse::Mount();
    if (!fuse)
        HARNESS_SKIP("no FUSE here");
    CHECK(SendFile(other, "x", *fuse) == 0);
    CHECK(SendFile(other, "y", *fuse) == 0);
    fuse->Stop();
    CHECK(Send(other, "after") == 0);
    CHECK(Await(10) == "x;y;after;");
    CHECK(fuse->AwaitRequest());
    CHECK(longest < 500ms);
    CHECK(errands->Stuck() == 2);
    // It was late twice: the kernel refuses more of that, if it can.
    const unit::Pipe pipe;
    const int refused = Send(other, "z", pipe.writer.Get());
    CHECK((refused == EPERM || refused == 0));
    MESSAGE("SO_PASSRIGHTS: " << (refused == EPERM));
    fuse->Abort();
}

TEST_CASE("a queue with the descriptors of others is closed without waiting for them") {
    const auto fuse = harness::Fuse::Mount();
    harness::Lingering lingering(20);
    std::chrono::steady_clock::time_point began;
    {
        Fixture fixture;
        CHECK(Send(fixture.other, "x", lingering.Descriptor()) == 0);
        lingering.Close();
        if (fuse) {
            CHECK(SendFile(fixture.other, "y", *fuse) == 0);
            fuse->Stop();
        }
        began = std::chrono::steady_clock::now();
        fixture.peer.reset();
        CHECK(std::chrono::steady_clock::now() - began < 500ms);
        CHECK(Send(fixture.other, "z") != 0);
    }
    CHECK(std::chrono::steady_clock::now() - began < 1s); // its process has ended, too
    if (fuse)
        fuse->Abort();
}

TEST_CASE_FIXTURE(Fixture, "the rest is read at once, up to a message with descriptors") {
    const unit::Pipe pipe;
    CHECK(Send(other, "a") == 0);
    CHECK(Send(other, "b", pipe.writer.Get()) == 0);
    CHECK(Send(other, "c") == 0);
    peer->ReadRest(100);
    CHECK(log == "a;b;");
}

// --- streams ---------------------------------------------------------------------------------

TEST_CASE_FIXTURE(Stream, "a line is a message, however it was cut, and some are read a turn") {
    CHECK(Send(other, "one") == 0);
    CHECK(Log().empty());
    CHECK(Send(other, "\ntwo\n\n") == 0);
    CHECK(Send(other, "12345678\nx") == 0);
    CHECK(Log() == "one;two;");
    CHECK(Await(10) == ";12345678;");
    CHECK(Send(other, "y\n") == 0);
    CHECK(Await(3) == "xy;");
    other.Close();
    CHECK(Log() == "end0");
    CHECK(Log().empty());
}

TEST_CASE_FIXTURE(Stream, "a line that is too long ends the stream") {
    CHECK(Send(other, "123456789") == 0);
    CHECK(Log() == "end1");
    CHECK_FALSE(peer->Send("x"));
}

TEST_CASE_FIXTURE(Stream, "lines that were read wait until the listener is done") {
    later = true;
    CHECK(Send(other, "a\nb\nc\n") == 0);
    CHECK(Log() == "a;");
    CHECK(Log().empty());
    peer->Done();
    CHECK(Log() == "b;");
    CHECK(Log().empty());
}

TEST_CASE_FIXTURE(Stream, "descriptors are refused by the kernel, or end the stream") {
    const unit::Pipe pipe;
    const int refused = Send(other, "x\n", pipe.writer.Get());
    if (refused == EPERM)
        CHECK(Log().empty());
    else
        CHECK(Log() == "end2");
}

TEST_CASE_FIXTURE(Stream, "messages wait for a side that does not read, up to a limit") {
    std::size_t sent = 0;
    while (peer->Send("1234567"))
        sent++;
    CHECK(sent > 2);
    // All of them arrive once it reads.
    std::size_t bytes = 0;
    CHECK(harness::WaitFor([&] {
        Turn();
        std::array<char, 4096> part;
        const ssize_t length = recv(other.Get(), part.data(), part.size(), MSG_DONTWAIT);
        bytes += length > 0 ? static_cast<std::size_t>(length) : 0;
        return bytes == sent * 8;
    }));
    CHECK(peer->Send("1234567"));
    other.Close();
    CHECK(Log() == "end0");
}

namespace {

/** Another peer in a process that has inherited the descriptors, as after exec(2). Returns 0 if it
 *  describes itself in the same words and gets these messages. */
int MakeAgain(Fixture &fixture, Kind kind, const Limits &limits, const std::string &expected) {
    const Peer::Description described = fixture.peer->Describe();
    return unit::InFork([&] {
        loop::Loop loop(fixture.clock);
        loop::Errands errands(loop, fixture.context.forked);
        // Nothing is destroyed: this process is to own each descriptor once.
        auto &made = *new Peer({loop, errands, fixture.context.forked}, fixture, 7, // NOLINT
                               described, kind, limits);
        FORKED_CHECK(made.Describe() == described);
        for (int i = 0; i < 3; i++)
            loop.Turn(loop::Loop::Wait::NO);
        FORKED_CHECK(fixture.log == expected);
        return 0;
    });
}

} // namespace

TEST_CASE_FIXTURE(Fixture, "described, made and described again: messages that nobody has taken") {
    later = true;
    Send(other, "one");
    CHECK(Log() == "one;");
    later = false;
    Send(other, "two");
    CHECK(MakeAgain(*this, Kind::DATAGRAM, {}, "one;two;") == 0);
}

TEST_CASE_FIXTURE(Stream, "described, made and described again: a line that has come in part") {
    Send(other, "a\nb");
    CHECK(Log() == "a;");
    CHECK(peer->Describe().incoming == "b");
    Send(other, "c\nd\n");
    CHECK(MakeAgain(*this, Kind::STREAM, {8, 2, 16}, "bc;d;") == 0);
}
