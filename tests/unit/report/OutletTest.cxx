#include "report/Outlet.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <sys/socket.h>

using namespace report;

namespace {

/** Writing into a pipe without a reader raises it; the launcher blocks it. */
struct NoPipeSignal {
    NoPipeSignal() : before(std::signal(SIGPIPE, SIG_IGN)) {}
    ~NoPipeSignal() { std::signal(SIGPIPE, before); }
    NoPipeSignal(const NoPipeSignal &) = delete;
    NoPipeSignal &operator=(const NoPipeSignal &) = delete;

    void (*before)(int);
};

const std::string KILOBYTE = std::string(1023, 'k') + "\n";

} // namespace

TEST_CASE("a line is written at once, byte for byte") {
    const unit::Pipe pipe;
    Outlet outlet{sys::Fd(pipe.writer)};
    outlet.Write("one\n");
    outlet.Write(std::string("t\0wo\n", 5));
    CHECK(pipe.ReadNow() == std::string("one\nt\0wo\n", 9));
    CHECK(outlet.HasRoom());
}

TEST_CASE("a full pipe is never waited for; what does not fit is kept, then dropped and counted") {
    const unit::Pipe pipe; // blocking: a write that is too much would hang
    Outlet outlet{sys::Fd(pipe.writer)};
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 3000; i++)
        outlet.Write(KILOBYTE);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
    CHECK_FALSE(outlet.HasRoom());
    const auto dropped = outlet.TakeDropped();
    CHECK(dropped > 1500);
    CHECK(dropped < 2000);
    CHECK(outlet.TakeDropped() == 0);

    // The reader comes back: everything that was kept arrives, whole.
    std::string all;
    for (int i = 0; i < 1000 && !outlet.HasRoom(); i++) {
        all += pipe.ReadNow();
        outlet.Flush();
    }
    all += pipe.ReadNow();
    CHECK(outlet.HasRoom());
    CHECK(all.size() == (3000 - dropped) * KILOBYTE.size());
    CHECK(all.find("kk\nkk") != std::string::npos);
    CHECK(outlet.TakeDropped() == 0);
}

TEST_CASE("O_NONBLOCK belongs to everybody who has the descriptor: it is left alone") {
    const unit::Pipe pipe;
    const int before = fcntl(pipe.writer.Get(), F_GETFL);
    Outlet outlet{sys::Fd(pipe.writer)};
    for (int i = 0; i < 100; i++)
        outlet.Write(KILOBYTE);
    CHECK(fcntl(pipe.writer.Get(), F_GETFL) == before);
}

TEST_CASE("a reader that is gone: nothing is kept, nothing fails") {
    const NoPipeSignal ignored;
    unit::Pipe pipe;
    Outlet outlet{sys::Fd(pipe.writer)};
    for (int i = 0; i < 100; i++)
        outlet.Write(KILOBYTE);
    CHECK_FALSE(outlet.HasRoom());
    pipe.reader.Close();
    outlet.Write("after\n");
    CHECK(outlet.HasRoom());
    for (int i = 0; i < 3000; i++)
        outlet.Write(KILOBYTE);
    CHECK(outlet.HasRoom());
    CHECK(outlet.TakeDropped() == 0);
    outlet.Flush(std::chrono::milliseconds(1000));
}

TEST_CASE("a socket that is full, and one whose peer is gone") {
    int ends[2] = {-1, -1};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    sys::UniqueFd ours(sys::AdoptTag(), ends[0]), theirs(sys::AdoptTag(), ends[1]);
    Outlet outlet{sys::Fd(ours)};
    for (int i = 0; i < 3000; i++)
        outlet.Write(KILOBYTE);
    CHECK(outlet.TakeDropped() > 0);
    theirs.Close();
    outlet.Write("after\n"); // no SIGPIPE: it would end this test
    CHECK(outlet.HasRoom());
}

TEST_CASE("an outlet owns its descriptor or borrows it") {
    unit::Pipe pipe;
    const int writer = pipe.writer.Get(), copy = fcntl(writer, F_DUPFD_CLOEXEC, 0);
    {
        Outlet owner{sys::UniqueFd(sys::AdoptTag(), copy)};
        owner.Write("owned\n");
        const Outlet borrower{sys::Fd(writer)};
    }
    CHECK_FALSE(unit::IsOpen(copy));
    CHECK(unit::IsOpen(writer));
    CHECK(pipe.ReadNow() == "owned\n");
}

TEST_CASE("waiting for the reader at the end has a limit") {
    const unit::Pipe pipe;
    Outlet outlet{sys::Fd(pipe.writer)};
    for (int i = 0; i < 100; i++)
        outlet.Write(KILOBYTE);
    const auto begin = std::chrono::steady_clock::now();
    outlet.Flush(std::chrono::milliseconds(50));
    const auto taken = std::chrono::steady_clock::now() - begin;
    CHECK(taken >= std::chrono::milliseconds(45));
    CHECK(taken < std::chrono::seconds(20));
    CHECK_FALSE(outlet.HasRoom());
}
