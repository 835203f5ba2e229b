#pragma once

#include <cstddef>
#include <sys/types.h>
#include <vector>

namespace sys {

/** Finds all descendants of a process in steps, parents before their children, so that an event
 *  loop can do something else in between. What is found was a descendant when it was seen: it may
 *  have ended, and its number be another's, when it is used. Open it with sys::Process and look
 *  whether the parent is still the one that was found. At most MOST are found, which also ends a
 *  walk that numbers used twice would lead round in circles. */
class Descent {
public:
    static constexpr std::size_t MOST = 65'536;

    explicit Descent(pid_t root) : found{root} {}

    /** Looks for the children of at most `budget` processes. True: that was the last. */
    bool Step(std::size_t budget);

    /** Without the root. */
    std::vector<pid_t> Found() const { return {found.begin() + 1, found.end()}; }

private:
    std::vector<pid_t> found;
    std::size_t looked = 0; // at so many of them
};

} // namespace sys
