#include "sys/Writer.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace sys {

namespace {

/** The other end of a pseudoterminal: opening it anew would make another one. */
bool IsMaster(int fd) noexcept {
    unsigned number = 0;
    return ioctl(fd, TIOCGPTN, &number) == 0;
}

bool IsSame(const struct stat &one, const struct stat &other) noexcept {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino &&
           one.st_rdev == other.st_rdev && (one.st_mode & S_IFMT) == (other.st_mode & S_IFMT);
}

/** Somebody else may fill what poll(2) found free; RWF_NOWAIT sees to that where the kernel has it
 *  for pipes (6.4). */
ssize_t WritePolled(int fd, std::string_view text) noexcept {
    pollfd target = {fd, POLLOUT, 0};
    const int polled = poll(&target, 1, 0);
    if (polled == 0)
        errno = EAGAIN;
    if (polled <= 0)
        return -1;
    const std::size_t length = std::min<std::size_t>(text.size(), PIPE_BUF);
    const iovec part = {const_cast<char *>(text.data()), length};
    const ssize_t written = pwritev2(fd, &part, 1, -1, RWF_NOWAIT);
    const bool unknown = written < 0 && errno != EAGAIN && errno != EPIPE;
    return unknown ? write(fd, text.data(), length) : written;
}

} // namespace

ssize_t Writer::Write(std::string_view text) noexcept {
    FindWay();
    switch (way) {
    case Way::UNKNOWN:
    case Way::DIRECT:
        return write(fd.Get(), text.data(), text.size());
    case Way::OWN:
        return write(Pollable().Get(), text.data(), text.size());
    case Way::SOCKET:
        return send(fd.Get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    case Way::POLLED:
        return WritePolled(fd.Get(), text);
    }
    return -1;
}

Fd Writer::Pollable() noexcept {
    FindWay();
    if (way == Way::DIRECT)
        return Fd();
    return reopened.IsDefined() ? Fd(reopened) : fd;
}

void Writer::FindWay() noexcept {
    struct stat status = {};
    if (way != Way::UNKNOWN)
        return;
    way = Way::DIRECT;
    if (fstat(fd.Get(), &status) != 0)
        return;
    // Opened once more, a pipe's reading end would be a writing end, which nobody reads.
    if ((fcntl(fd.Get(), F_GETFL) & O_ACCMODE) == O_RDONLY)
        return;
    const bool terminal = S_ISCHR(status.st_mode) && isatty(fd.Get()) != 0;
    if (S_ISSOCK(status.st_mode))
        way = Way::SOCKET;
    else if (!S_ISFIFO(status.st_mode) && !terminal)
        return;
    else if (owned.IsDefined() && (fcntl(fd.Get(), F_GETFL) & O_NONBLOCK) != 0)
        way = Way::OWN;
    else
        way = Reopen() ? Way::OWN : Way::POLLED;
}

bool Writer::Reopen() noexcept {
    if (IsMaster(fd.Get()))
        return false;
    std::array<char, 32> path;
    std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd.Get());
    reopened =
        UniqueFd(AdoptTag(), open(path.data(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (reopened.IsDefined() && !IsSameFile(fd, reopened))
        reopened.Close();
    return reopened.IsDefined();
}

bool IsSameFile(Fd one, Fd other) noexcept {
    struct stat first = {}, second = {};
    return fstat(one.Get(), &first) == 0 && fstat(other.Get(), &second) == 0 &&
           IsSame(first, second);
}

} // namespace sys
