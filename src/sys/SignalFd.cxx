#include "sys/SignalFd.hxx"
#include "sys/Error.hxx"

#include <array>
#include <unistd.h>

namespace sys {

SignalFd::SignalFd(const sigset_t &signals) {
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    fd = UniqueFd(AdoptTag(), signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd.IsDefined())
        throw MakeErrno("cannot create a signal descriptor");
}

std::vector<signalfd_siginfo> SignalFd::ReadAll() {
    std::vector<signalfd_siginfo> all;
    std::array<signalfd_siginfo, 8> buffer;
    for (;;) {
        const ssize_t length = read(fd.Get(), buffer.data(), sizeof(buffer));
        if (length <= 0)
            return all;
        const auto count = static_cast<std::size_t>(length) / sizeof(buffer[0]);
        all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count));
        if (count < buffer.size())
            return all;
    }
}

bool IsIgnored(int signo) noexcept {
    struct sigaction action = {};
    return sigaction(signo, nullptr, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
           action.sa_handler == SIG_IGN;
}

} // namespace sys
