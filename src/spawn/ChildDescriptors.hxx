#pragma once

#include "spawn/child/Child.hxx"
#include "sys/UniqueFd.hxx"

#include <initializer_list>
#include <vector>

namespace spawn {

/** Which descriptors a child gets, and under which numbers: the only place that chooses numbers.
 *  Sources are borrowed. */
class ChildDescriptors {
public:
    /** Behind standard input, output and error; what LISTEN_FDS counts from (sd_listen_fds(3)). */
    static constexpr int FIRST = 3;

    ChildDescriptors() = default;
    ChildDescriptors(std::initializer_list<FdMove> _moves) : moves(_moves) {}

    /** The next free number from FIRST on, which is returned. */
    int Add(sys::Fd from) {
        moves.push_back({from.Get(), next});
        return next++;
    }

    /** A number that is fixed, such as that of standard output. Each is put once. */
    void Put(sys::Fd from, int number) { moves.push_back({from.Get(), number}); }

    std::vector<FdMove> &Moves() noexcept { return moves; }
    const std::vector<FdMove> &Moves() const noexcept { return moves; }

private:
    std::vector<FdMove> moves;
    int next = FIRST;
};

} // namespace spawn
