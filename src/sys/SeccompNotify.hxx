#pragma once

#include "sys/UniqueFd.hxx"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace sys {

/** A system call that waits for an answer (seccomp_unotify(2)). Everything but `id` is under the caller's control. */
struct Notification {
    std::uint64_t id; // names the call as long as it waits
    pid_t tid; // a thread, in the launcher's PID namespace; 0 where it has no number there
    std::uint32_t arch; // AUDIT_ARCH_…
    int nr;
    std::array<std::uint64_t, 6> args;
};

/** The listener of a seccomp filter: gets the calls that the filter returns SECCOMP_RET_USER_NOTIF for, and answers
 *  them. A call can be gone at any time (its thread was killed or, without WAIT_KILLABLE_RECV, got a signal): what is
 *  read from the process is only good if IsValid() says so afterwards, and an answer that comes too late is dropped.
 *  Readable (EPOLLIN) when a call waits, EPOLLHUP when no process has the filter any more. Linux 5.10. */
class SeccompNotify {
public:
    explicit SeccompNotify(UniqueFd _fd);

    Fd Descriptor() const noexcept { return fd; }

    /** The next call; nullopt where none waits. Does not block. */
    std::optional<Notification> Receive() noexcept;

    bool IsValid(std::uint64_t id) const noexcept;

    /** Makes a duplicate of `source` the descriptor `target` of the process whose call waits at
     *  `listener`, in place of what was there. Returns when the caller's thread has run, which can
     *  take any time: not for the event loop. 0, or an errno: ENOENT if the call is gone, EBADF for
     *  a number beyond the process's limit. The call still waits. */
    static int Put(Fd listener, std::uint64_t id, Fd source, int target,
                   bool close_on_exec) noexcept;

    /** The same, and the call succeeds with 0 then. `returned` is false if it was interrupted or is
     *  gone by then. */
    static int PutAndReturn(Fd listener, std::uint64_t id, Fd source, int target,
                            bool close_on_exec, bool &returned) noexcept;

    // The answers; false: the call was interrupted or is gone.
    bool Return(std::uint64_t id) noexcept { return Send(id, 0, 0); } // it succeeds with 0
    bool Fail(std::uint64_t id, int error) noexcept { return Send(id, -error, 0); }

    /** The kernel executes it, with whatever is in the process's memory by then. */
    bool Continue(std::uint64_t id) noexcept;

private:
    bool Send(std::uint64_t id, int error, std::uint32_t flags) noexcept {
        return Send(fd, response, id, error, flags);
    }
    static bool Send(Fd listener, std::vector<std::uint64_t> &response, std::uint64_t id, int error,
                     std::uint32_t flags) noexcept;

    UniqueFd fd;
    // The kernel's structures may be longer than ours (SECCOMP_GET_NOTIF_SIZES); 8-byte words for the alignment.
    std::vector<std::uint64_t> request, response;
};

/** Empty where the kernel has such listeners and lets this process use them, else one phrase that says why not. */
std::string WhyNoSeccompNotify();

} // namespace sys
