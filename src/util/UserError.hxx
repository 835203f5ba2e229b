#pragma once

#include <stdexcept>

namespace util {

/** Something that the user, or the machine as the user left it, has to mend: one line that says
 *  what was wrong, where, and what would be right. The launcher prints it and ends with 125. */
class UserError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

} // namespace util
