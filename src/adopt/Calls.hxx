#pragma once

#include <cstdint>
#include <linux/filter.h>
#include <optional>
#include <span>

namespace adopt {

/** The system calls of a worker that the launcher answers or records. */
enum class Call : std::uint8_t { BIND, LISTEN, SETSOCKOPT };

/** The numbers that one architecture has for them (arch/<arch>/include/asm/unistd, AUDIT_ARCH_… of linux/audit.h).
 *  A 64-bit kernel serves its 32-bit programs too, and x32 has numbers of its own under the architecture of x86-64. */
struct CallNumbers {
    std::uint32_t architecture;
    unsigned bind, listen, setsockopt;
};

/** Those of the kernel that this program was built for. */
std::span<const CallNumbers> KnownCallNumbers() noexcept;

std::optional<Call> FindCall(std::uint32_t architecture, int number) noexcept;

/** A pair of setsockopt(2) that is recorded: what it did is lost when the socket is replaced, or it
 *  decides how the socket is opened. */
struct RecordedOption {
    int level, name;
};

std::span<const RecordedOption> RecordedOptions() noexcept;

/** The seccomp(2) program: bind, listen and the recorded setsockopt pairs notify (SECCOMP_RET_USER_NOTIF,
 *  Linux 5.0), all else is allowed, also for architectures that are not known. The kernel remembers which
 *  numbers are allowed whatever their arguments (Linux 5.11) and does not run it for those. */
std::span<const sock_filter> Filter() noexcept;

} // namespace adopt
