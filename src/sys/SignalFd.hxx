#pragma once

#include "sys/UniqueFd.hxx"

#include <csignal>
#include <sys/signalfd.h>
#include <vector>

namespace sys {

/** Blocks the signals of a set for the process and hands them over as records, see signalfd(2). The
 *  destructor does not unblock them. */
class SignalFd {
public:
    /** Throws std::system_error. */
    explicit SignalFd(const sigset_t &signals);

    Fd Descriptor() const noexcept { return fd; }

    /** Everything that is pending now, lowest number first; empty where nothing is. */
    std::vector<signalfd_siginfo> ReadAll();

private:
    UniqueFd fd;
};

/** Is the signal ignored by this process? An ignored signal that came with exec stays ignored. */
bool IsIgnored(int signo) noexcept;

} // namespace sys
