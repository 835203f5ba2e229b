#include "sys/NullDevice.hxx"
#include "harness/Skip.hxx"
#include "harness/TempDir.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

using namespace sys;

namespace {

bool IsAtEnd(int fd) {
    char byte;
    return read(fd, &byte, 1) == 0;
}

bool IsInherited(int fd) {
    return fcntl(fd, F_GETFD) == 0;
}

/** The lowest number that is free. */
int NextNumber() {
    const int fd = dup(STDERR_FILENO);
    close(fd);
    return fd;
}

} // namespace

TEST_CASE("the null device is empty and takes everything") {
    const UniqueFd reader = OpenNullDevice(NullAccess::READ);
    CHECK(IsAtEnd(reader.Get()));
    CHECK((fcntl(reader.Get(), F_GETFD) & FD_CLOEXEC) != 0);
    const UniqueFd both = OpenNullDevice(NullAccess::READ_WRITE);
    CHECK(IsAtEnd(both.Get()));
    CHECK(write(both.Get(), "x", 1) == 1);
}

TEST_CASE("closed standard descriptors are filled, open ones are left alone") {
    CHECK(unit::InFork([] {
              const unit::Pipe pipe;
              FORKED_CHECK(dup2(pipe.writer.Get(), STDERR_FILENO) == STDERR_FILENO);
              close(STDIN_FILENO);
              close(STDOUT_FILENO);
              const int next = fcntl(pipe.reader.Get(), F_DUPFD, STDERR_FILENO + 1);
              close(next);
              FillStandardDescriptors();
              FORKED_CHECK(IsAtEnd(STDIN_FILENO));
              FORKED_CHECK(write(STDOUT_FILENO, "x", 1) == 1);
              FORKED_CHECK(IsInherited(STDIN_FILENO) && IsInherited(STDOUT_FILENO));
              FORKED_CHECK(write(STDERR_FILENO, "to the pipe", 11) == 11);
              FORKED_CHECK(pipe.ReadNow() == "to the pipe");
              FORKED_CHECK(NextNumber() == next); // nothing stayed open
              return 0;
          }) == 0);
}

TEST_CASE("without /dev, closed standard descriptors leave their numbers to no file of ours") {
    if (geteuid() != 0) {
        harness::ReportSkip("a root directory without /dev needs root");
        return;
    }
    const harness::TempDir directory;
    CHECK(unit::InFork([&directory] {
              FORKED_CHECK(chroot(directory.Path().c_str()) == 0);
              for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                  close(fd);
              FillStandardDescriptors();
              for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                  if (!IsInherited(fd) || !IsAtEnd(fd) || write(fd, "x", 1) != -1 || errno != EBADF)
                      return 10 + fd;
              const UniqueFd reader = OpenNullDevice(NullAccess::READ);
              return IsAtEnd(reader.Get()) && reader.Get() > STDERR_FILENO ? 0 : 20;
          }) == 0);
}
