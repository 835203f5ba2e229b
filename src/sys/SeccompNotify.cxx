#include "sys/SeccompNotify.hxx"
#include "sys/Error.hxx"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sys {

namespace {

long Seccomp(unsigned operation, void *argument) noexcept {
    return syscall(SYS_seccomp, operation, 0, argument);
}

/** At least ours, so that a structure of this file always fits. */
seccomp_notif_sizes Sizes() noexcept {
    seccomp_notif_sizes sizes = {};
    if (Seccomp(SECCOMP_GET_NOTIF_SIZES, &sizes) != 0)
        sizes = {};
    sizes.seccomp_notif = std::max<std::uint16_t>(sizes.seccomp_notif, sizeof(seccomp_notif));
    sizes.seccomp_notif_resp =
        std::max<std::uint16_t>(sizes.seccomp_notif_resp, sizeof(seccomp_notif_resp));
    return sizes;
}

std::vector<std::uint64_t> MakeBuffer(std::size_t bytes) {
    return std::vector<std::uint64_t>((bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t));
}

/** EINTR comes while the launcher's own thread is asked to stop; what was asked for is done again. */
int Ioctl(Fd fd, unsigned long request, void *argument) noexcept {
    int result = 0;
    do
        result = ioctl(fd.Get(), request, argument);
    while (result < 0 && errno == EINTR);
    return result;
}

} // namespace

SeccompNotify::SeccompNotify(UniqueFd _fd) : fd(std::move(_fd)) {
    const seccomp_notif_sizes sizes = Sizes();
    request = MakeBuffer(sizes.seccomp_notif);
    response = MakeBuffer(sizes.seccomp_notif_resp);
}

std::optional<Notification> SeccompNotify::Receive() noexcept {
    // The ioctl would wait for the next call, whatever O_NONBLOCK says.
    pollfd waiting = {fd.Get(), POLLIN, 0};
    if (poll(&waiting, 1, 0) != 1 || (waiting.revents & POLLIN) == 0)
        return std::nullopt;
    std::fill(request.begin(), request.end(), 0); // the kernel insists on it
    if (Ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, request.data()) != 0)
        return std::nullopt; // ENOENT: it was interrupted just now
    seccomp_notif call = {};
    std::memcpy(&call, request.data(), sizeof(call));
    Notification notification = {
        call.id, static_cast<pid_t>(call.pid), call.data.arch, call.data.nr, {}};
    std::copy(std::begin(call.data.args), std::end(call.data.args), notification.args.begin());
    return notification;
}

bool SeccompNotify::IsValid(std::uint64_t id) const noexcept {
    return Ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

int SeccompNotify::Put(Fd listener, std::uint64_t id, Fd source, int target,
                       bool close_on_exec) noexcept {
    seccomp_notif_addfd put = {};
    put.id = id;
    put.flags = SECCOMP_ADDFD_FLAG_SETFD;
    put.srcfd = static_cast<std::uint32_t>(source.Get());
    put.newfd = static_cast<std::uint32_t>(target);
    put.newfd_flags = close_on_exec ? O_CLOEXEC : 0;
    return Ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &put) < 0 ? errno : 0;
}

int SeccompNotify::PutAndReturn(Fd listener, std::uint64_t id, Fd source, int target,
                                bool close_on_exec, bool &returned) noexcept {
    const int error = Put(listener, id, source, target, close_on_exec);
    if (error == 0) {
        auto response = MakeBuffer(Sizes().seccomp_notif_resp);
        returned = Send(listener, response, id, 0, 0);
    }
    return error;
}

bool SeccompNotify::Continue(std::uint64_t id) noexcept {
    return Send(id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

bool SeccompNotify::Send(Fd listener, std::vector<std::uint64_t> &response, std::uint64_t id,
                         int error, std::uint32_t flags) noexcept {
    seccomp_notif_resp answer = {};
    answer.id = id;
    answer.error = error;
    answer.flags = flags;
    std::memcpy(response.data(), &answer, sizeof(answer)); // what follows in it stays zero
    return Ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, response.data()) == 0;
}

std::string WhyNoSeccompNotify() {
    std::uint32_t action = SECCOMP_RET_USER_NOTIF;
    seccomp_notif_sizes sizes = {};
    if (Seccomp(SECCOMP_GET_ACTION_AVAIL, &action) == 0 &&
        Seccomp(SECCOMP_GET_NOTIF_SIZES, &sizes) == 0)
        return "";
    switch (errno) {
    case ENOSYS:
        return "the kernel has no seccomp, or a sandbox hides it";
    case EOPNOTSUPP:
    case EINVAL:
        return "the kernel's seccomp cannot ask another process (before Linux 5.0)";
    default:
        return "seccomp is refused here: " + ErrnoText(errno);
    }
}

} // namespace sys
