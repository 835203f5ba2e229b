#pragma once

#include "sys/UniqueFd.hxx"
#include "util/BoundMethod.hxx"

#include <sys/types.h>
#include <vector>

namespace sys {

/** Closes descriptors that came from another process, without waiting: close(2) of a socket with
 *  SO_LINGER waits for its peer, and close(2) of a file that a program serves (FUSE) waits for that
 *  program, beyond SIGKILL.
 *
 *  A child that shares the descriptor table (clone(2), CLONE_FILES) closes them and exits. The
 *  number is free as soon as the child has begun to close it. A child that hangs keeps the whole
 *  table alive after the death of the launcher; only an explicit close then closes a file.
 *  Therefore owners close their descriptors before they end. */
class ForeignCloser {
public:
    static constexpr std::size_t MOST_CHILDREN = 8;
    static constexpr std::size_t MOST_WAITING = 256; // descriptors that no child closes yet

    /** `_forked` learns of each child; whoever reaps children must ignore its end. */
    explicit ForeignCloser(util::BoundMethod<void(pid_t)> _forked) noexcept : forked(_forked) {}

    /** Leaves what waits to the end of the process. */
    ~ForeignCloser() noexcept;

    ForeignCloser(const ForeignCloser &) = delete;
    ForeignCloser &operator=(const ForeignCloser &) = delete;

    /** Closes all of them in one child. If there are too many children that hang already, or
     *  fork(2) fails, they wait for the next call; beyond MOST_WAITING they stay open. Nothing is
     *  closed in the calling process. */
    void Close(std::vector<UniqueFd> descriptors) noexcept;
    void Close(UniqueFd descriptor) noexcept;

    std::size_t Waiting() const noexcept { return waiting.size(); }
    std::size_t Children() noexcept;

private:
    const util::BoundMethod<void(pid_t)> forked;
    std::vector<int> waiting;
    std::vector<UniqueFd> children; // pidfds
};

} // namespace sys
