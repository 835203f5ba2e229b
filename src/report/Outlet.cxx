#include "report/Outlet.hxx"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace report {

namespace {

constexpr std::size_t MOST_KEPT = 1024 * 1024;

/** A pipe that polls writable takes PIPE_BUF bytes without blocking (pipe(7)); a socket takes what it
 *  can. */
ssize_t WriteSome(int fd, std::string_view text) noexcept {
    const std::size_t length = std::min<std::size_t>(text.size(), PIPE_BUF);
    const ssize_t sent = send(fd, text.data(), length, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent >= 0 || errno != ENOTSOCK ? sent : write(fd, text.data(), length);
}

} // namespace

void Outlet::Write(std::string_view line) {
    if (broken)
        return;
    if (kept.size() + line.size() > MOST_KEPT) {
        Flush();
        if (kept.size() + line.size() > MOST_KEPT) {
            dropped++;
            return;
        }
    }
    kept += line;
    Flush();
}

void Outlet::Flush(int wait_milliseconds) noexcept {
    std::size_t done = 0;
    while (done < kept.size() && !broken) {
        pollfd target = {fd.Get(), POLLOUT, 0};
        const int polled = poll(&target, 1, wait_milliseconds);
        if (polled == 0 || (polled < 0 && errno == EINTR))
            break;
        const ssize_t length = WriteSome(fd.Get(), std::string_view(kept).substr(done));
        if (length > 0)
            done += static_cast<std::size_t>(length);
        else if (errno == EAGAIN || errno == EINTR)
            break;
        else
            broken = true;
    }
    kept.erase(0, done);
    if (broken)
        kept.clear();
}

} // namespace report
