#pragma once

#include <cerrno>
#include <string>
#include <system_error>

namespace harness {

[[noreturn]] inline void ThrowErrno(const std::string &what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/** For calls that return a negative number when they fail. */
inline void Check(long result, const char *what) {
    if (result < 0)
        ThrowErrno(what);
}

} // namespace harness
