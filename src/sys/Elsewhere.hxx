#pragma once

#include "sys/UniqueFd.hxx"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace sys {

/** Bytes and descriptors on their way from one process to the other. */
struct Parcel {
    std::string bytes;
    std::vector<UniqueFd> descriptors;
};

/** A process of the caller's own for calls that could wait for somebody else: reading a caller's
 *  memory, a stat(2) on a file system that a program serves, bind(2) in a directory on such a file
 *  system. Even SIGKILL does not end some of these waits, so the caller must be able to leave the
 *  process behind.
 *
 *  Ownership: the object owns the process and one end of a SOCK_SEQPACKET pair. The process keeps
 *  the other end and no other descriptor. It is a fork of the caller, so it knows all that the
 *  caller knew at that time, and a pointer to a function is valid there. It blocks all signals,
 *  dies with the caller (PR_SET_PDEATHSIG) and with the socket pair. Whoever reaps children must be
 *  told of Pid(): the object waits for it in End() only.
 *
 *  One errand at a time: Send(), then Receive() as soon as Descriptor() is readable. A caller that
 *  waits too long calls Kill() and goes on with a new process. loop::Errands does all of this with
 *  a deadline and a queue. A round trip takes some 20 µs, a new process some 200 µs. */
class Elsewhere {
public:
    /** Runs in the process. Its answer goes back when it returns. It must not throw; it may
     *  allocate, and may change what belongs to the process as a whole (ids, umask, working
     *  directory) if it restores them. */
    using Function = void (*)(const Parcel &request, Parcel &answer) noexcept;

    static constexpr std::size_t MOST_BYTES = 64UL * 1024; // of a request, of an answer
    static constexpr std::size_t MOST_DESCRIPTORS = 4; // with a request, with an answer

    /** Forks. Throws std::system_error. */
    Elsewhere();

    /** Kills the process and does not wait for its end. */
    ~Elsewhere() noexcept;

    Elsewhere(Elsewhere &&other) noexcept;
    Elsewhere &operator=(Elsewhere &&) = delete;

    pid_t Pid() const noexcept { return pid; }

    /** Readable when the answer is there, and when the process has ended. */
    Fd Descriptor() const noexcept { return socket; }

    /** Begins an errand. Returns 0, or an errno: EPIPE if the process has ended, EMSGSIZE. Does not
     *  block. */
    int Send(Function function, std::string_view bytes,
             std::span<const UniqueFd> descriptors = {}) noexcept;

    /** The answer. nullopt with errno: EAGAIN: not yet; EPIPE: the process ended without one. Does
     *  not block. */
    std::optional<Parcel> Receive() noexcept;

    /** By pidfd if the kernel has it. A process in an uninterruptible wait stays until that is
     *  over. */
    void Kill() noexcept;

    /** False while a killed process still exists. */
    bool HasEnded() const noexcept;

    /** Kills it, waits for its end this long at most, and reaps it: for a caller that ends itself
     *  and leaves nothing behind that it can end. */
    void End(std::chrono::milliseconds patience) noexcept;

private:
    pid_t pid = 0;
    UniqueFd socket, process; // `process` is a pidfd, undefined before Linux 5.3
};

} // namespace sys
