#include "sys/Writer.hxx"
#include "harness/TempDir.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <termios.h>

using sys::Writer;

namespace {

const std::string PAGE = std::string(4096, 'p');

/** Until it would have to wait; how much it took. */
std::size_t Fill(Writer &writer) {
    std::size_t taken = 0;
    for (int i = 0; i < 10'000; i++) {
        const ssize_t length = writer.Write(PAGE);
        if (length < 0) {
            CHECK(errno == EAGAIN);
            return taken;
        }
        taken += static_cast<std::size_t>(length);
    }
    FAIL("it is never full");
    return taken;
}

bool IsWritable(sys::Fd fd) {
    pollfd target = {fd.Get(), POLLOUT, 0};
    return poll(&target, 1, 0) == 1 && (target.revents & POLLOUT) != 0;
}

struct Terminal {
    Terminal() : master(sys::AdoptTag(), posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
        REQUIRE(grantpt(master.Get()) == 0);
        REQUIRE(unlockpt(master.Get()) == 0);
        slave = sys::UniqueFd(sys::AdoptTag(),
                              open(ptsname(master.Get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
        REQUIRE(slave.IsDefined());
    }

    sys::UniqueFd master, slave;
};

} // namespace

TEST_CASE("a pipe that is full is not waited for, and its flags are left alone") {
    const unit::Pipe pipe;
    const int flags = fcntl(pipe.writer.Get(), F_GETFL);
    Writer writer{sys::Fd(pipe.writer)};
    CHECK(Fill(writer) == 64 * 1024);
    CHECK(fcntl(pipe.writer.Get(), F_GETFL) == flags);
    CHECK_FALSE(IsWritable(writer.Pollable()));
    CHECK(pipe.ReadNow().size() == 64 * 1024);
    CHECK(IsWritable(writer.Pollable()));
}

TEST_CASE("a pipe's reading end takes nothing, and is not opened once more for that") {
    const unit::Pipe pipe;
    Writer writer{sys::Fd(pipe.reader)};
    CHECK(writer.Write("x") < 0);
    CHECK(errno == EBADF);
    CHECK_FALSE(writer.Pollable().IsDefined());
    CHECK(pipe.ReadNow().empty());
}

TEST_CASE("a pipe without a reader") {
    void (*const before)(int) = std::signal(SIGPIPE, SIG_IGN);
    for (const bool at_once : {true, false}) {
        unit::Pipe pipe;
        Writer writer{sys::Fd(pipe.writer)};
        if (!at_once)
            CHECK(writer.Write("x") == 1);
        pipe.reader.Close();
        CHECK(writer.Write("x") < 0);
        CHECK(errno == EPIPE);
    }
    std::signal(SIGPIPE, before);
}

TEST_CASE("a socket") {
    int ends[2] = {-1, -1};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const sys::UniqueFd ours(sys::AdoptTag(), ends[0]);
    sys::UniqueFd theirs(sys::AdoptTag(), ends[1]);
    Writer writer{sys::Fd(ours)};
    CHECK(Fill(writer) > 0);
    CHECK((fcntl(ours.Get(), F_GETFL) & O_NONBLOCK) == 0);
    theirs.Close();
    CHECK(writer.Write("x") < 0); // no SIGPIPE
    CHECK(errno == EPIPE);
}

TEST_CASE("a terminal that was stopped is not waited for") {
    const Terminal terminal;
    REQUIRE(tcflow(terminal.slave.Get(), TCOOFF) == 0);
    Writer writer{sys::Fd(terminal.slave)};
    CHECK(Fill(writer) == 0);
    CHECK((fcntl(terminal.slave.Get(), F_GETFL) & O_NONBLOCK) == 0);
    REQUIRE(tcflow(terminal.slave.Get(), TCOON) == 0);
    CHECK(writer.Write("x") == 1);
}

TEST_CASE("the other end of a terminal is not opened anew, which would make another one") {
    const Terminal terminal;
    Writer writer{sys::Fd(terminal.master)};
    CHECK(writer.Write("typed\n") == 6);
    char buffer[16];
    CHECK(read(terminal.slave.Get(), buffer, sizeof(buffer)) == 6);
    CHECK(writer.Pollable() == sys::Fd(terminal.master));
}

TEST_CASE("a file goes on where it stands, and is never waited for") {
    const harness::TempDir directory;
    const std::string path = directory.Write("file", "before\n");
    const sys::UniqueFd file(sys::AdoptTag(), open(path.c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(lseek(file.Get(), 0, SEEK_END) == 7);
    Writer writer{sys::Fd(file)};
    CHECK(writer.Write("after\n") == 6);
    CHECK(harness::ReadFile(path) == "before\nafter\n");
    CHECK_FALSE(writer.Pollable().IsDefined());

    const sys::UniqueFd full(sys::AdoptTag(), open("/dev/full", O_WRONLY | O_CLOEXEC));
    Writer failing{sys::Fd(full)};
    CHECK(failing.Write("x") < 0);
    CHECK(errno == ENOSPC);
    Writer none{sys::Fd()};
    CHECK(none.Write("x") < 0);
    CHECK(errno == EBADF);
}

TEST_CASE("the same file by two descriptors") {
    const unit::Pipe one, other;
    const sys::UniqueFd copy(sys::AdoptTag(), fcntl(one.writer.Get(), F_DUPFD_CLOEXEC, 0));
    CHECK(sys::IsSameFile(one.writer, copy));
    CHECK_FALSE(sys::IsSameFile(one.writer, other.writer));
    CHECK_FALSE(sys::IsSameFile(one.writer, sys::Fd()));
}
