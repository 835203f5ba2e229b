#pragma once

#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace adopt {

/** Descriptors that prove nothing. A worker is started with one of each socket that was asked for,
 *  and each of its processes may have it, whether it listens there or not. It has the same number
 *  in all of them, and the same socket as the one that answers a bind(2). */
struct Handed {
    struct Descriptor {
        unsigned number;
        std::uint64_t inode;
    };

    /** A bind(2) has put the socket there, in place of the descriptor that was handed over. */
    struct Exception {
        pid_t process;
        unsigned number;
    };

    std::vector<Descriptor> descriptors;
    std::vector<Exception> exceptions;

    void Add(const Handed &other);
    bool Covers(pid_t process, const Descriptor &one) const noexcept;
};

} // namespace adopt
