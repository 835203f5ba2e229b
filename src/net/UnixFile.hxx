#pragma once

#include <string>
#include <sys/types.h>
#include <utility>

namespace net {

/** The file of a unix socket that this process has bound: Remove() removes it at the end, unless
 *  another has taken the path meanwhile. */
class UnixFile {
public:
    /** For a process that makes the same of it. */
    struct State {
        std::string path; // empty: there is none
        dev_t device = 0;
        ino_t inode = 0;

        friend bool operator==(const State &, const State &) noexcept = default;
    };

    UnixFile() noexcept = default;
    explicit UnixFile(std::string path);
    explicit UnixFile(State _state) noexcept : state(std::move(_state)) {}

    UnixFile(UnixFile &&other) noexcept : state(std::exchange(other.state, {})) {}
    UnixFile &operator=(UnixFile &&other) noexcept {
        state = std::exchange(other.state, {});
        return *this;
    }

    const State &Describe() const noexcept { return state; }
    void Remove() noexcept;

private:
    State state;
};

} // namespace net
