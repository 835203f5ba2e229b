#include "sys/AppendFile.hxx"
#include "harness/Skip.hxx"
#include "harness/TempDir.hxx"
#include "unit/Forked.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace sys;

namespace {

constexpr uid_t OTHER = 61234;

void Link(const std::string &target, const std::string &link) {
    REQUIRE(symlink(target.c_str(), link.c_str()) == 0);
}

/** Appends through `path`; 0, or why it could not be opened. */
int Append(const std::string &path, const std::string &text) {
    const UniqueFd fd = OpenToAppend(path, O_WRONLY);
    if (!fd.IsDefined())
        return errno;
    REQUIRE(write(fd.Get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    return 0;
}

bool Exists(const std::string &path) {
    return access(path.c_str(), F_OK) == 0;
}

} // namespace

TEST_CASE("a file is made, then appended to, with close-on-exec") {
    const harness::TempDir directory;
    CHECK(Append(directory / "log", "one\n") == 0);
    CHECK(Append(directory / "log", "two\n") == 0);
    CHECK(harness::ReadFile(directory / "log") == "one\ntwo\n");
    const UniqueFd fd = OpenToAppend(directory / "log", O_WRONLY);
    CHECK((fcntl(fd.Get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("paths that cannot be opened") {
    const harness::TempDir directory;
    CHECK(Append("/", "") == EISDIR);
    CHECK(Append(directory / "", "") == EISDIR);
    CHECK(Append(directory / "no/log", "") == ENOENT);
    CHECK(Append("", "") == ENOENT);
    CHECK(Append(directory.Write("file", "") + "/log", "") == ENOTDIR);
    Link("circle", directory / "circle");
    CHECK(Append(directory / "circle", "") == ELOOP);
}

TEST_CASE("links of one's own are followed, relative and absolute, to a file that is not there") {
    const harness::TempDir directory;
    REQUIRE(mkdir((directory / "sub").c_str(), 0755) == 0);
    Link("sub/second", directory / "first");
    Link("../third", directory / "sub/second");
    Link(directory / "file", directory / "third");
    CHECK(Append(directory / "first", "text") == 0);
    CHECK(harness::ReadFile(directory / "file") == "text");
}

TEST_CASE("links of /proc and to it are followed, also to what has no name") {
    const unit::Pipe pipe;
    const harness::TempDir directory;
    const std::string path = "/proc/self/fd/" + std::to_string(pipe.writer.Get());
    Link(path, directory / "link");
    CHECK(Append(path, "one") == 0);
    CHECK(Append(directory / "link", "two") == 0);
    CHECK(pipe.ReadNow() == "onetwo");
}

TEST_CASE("a link that another user made is not followed, wherever it leads") {
    const harness::TempDir directory;
    if (geteuid() != 0) {
        harness::ReportSkip("a link of another user needs root");
        return;
    }
    directory.GiveTo(OTHER, OTHER);
    for (const char *target : {"file", "/dev/null", "/proc/self/fd/1", "no/such"}) {
        CAPTURE(target);
        const std::string link = directory / "link";
        Link(target, link);
        REQUIRE(lchown(link.c_str(), OTHER, OTHER) == 0);
        Link("link", directory / "mine");
        CHECK(Append(link, "x") == ELOOP);
        CHECK(Append(directory / "mine", "x") == ELOOP);
        REQUIRE(unlink(link.c_str()) == 0);
        REQUIRE(unlink((directory / "mine").c_str()) == 0);
    }
    CHECK_FALSE(Exists(directory / "file"));
    CHECK(AppendErrorText(ELOOP).find("another user") != std::string::npos);
}

TEST_CASE("standard output is a socket, which nobody can open") {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const UniqueFd near(AdoptTag(), ends[0]), far(AdoptTag(), ends[1]);
    for (const int number : {STDOUT_FILENO, STDERR_FILENO}) {
        CHECK(unit::InFork([&] {
                  FORKED_CHECK(dup2(far.Get(), number) == number);
                  const UniqueFd fd = OpenToAppend("/dev/fd/" + std::to_string(number), O_WRONLY);
                  FORKED_CHECK(fd.IsDefined() && fd.Get() > STDERR_FILENO);
                  FORKED_CHECK((fcntl(fd.Get(), F_GETFD) & FD_CLOEXEC) != 0);
                  FORKED_CHECK(write(fd.Get(), "hello", 5) == 5);
                  return 0;
              }) == 0);
        char text[6] = {};
        CHECK(recv(near.Get(), text, 5, MSG_DONTWAIT) == 5);
        CHECK(std::string(text) == "hello");
    }
    CHECK(unit::InFork([&] {
              FORKED_CHECK(dup2(far.Get(), 7) == 7);
              FORKED_CHECK(!OpenToAppend("/dev/fd/7", O_WRONLY).IsDefined());
              FORKED_CHECK(errno == ENXIO);
              return 0;
          }) == 0);
}

TEST_CASE("standard output is the pipe of another user") {
    if (geteuid() != 0)
        HARNESS_SKIP("needs another user");
    unit::Pipe pipe;
    REQUIRE(fchmod(pipe.writer.Get(), 0600) == 0);
    CHECK(unit::InFork([&] {
              FORKED_CHECK(dup2(pipe.writer.Get(), STDOUT_FILENO) == STDOUT_FILENO);
              FORKED_CHECK(setresuid(OTHER, OTHER, OTHER) == 0);
              FORKED_CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
              const UniqueFd fd = OpenToAppend("/dev/stdout", O_WRONLY);
              FORKED_CHECK(fd.IsDefined() && fd.Get() > STDERR_FILENO);
              FORKED_CHECK(write(fd.Get(), "hello", 5) == 5);
              return 0;
          }) == 0);
    char text[6] = {};
    CHECK(read(pipe.reader.Get(), text, 5) == 5);
    CHECK(std::string(text) == "hello");
}
