#pragma once

#include "util/UserError.hxx"

#include <string>

namespace net {

/** An address that cannot be opened: one line for the user, and the errno for a worker whose bind(2) or
 *  listen(2) is answered with it. */
class OpenError : public util::UserError {
public:
    OpenError(const std::string &text, int _error) : util::UserError(text), error(_error) {}

    /** As the kernel gave it, or would have. */
    int Error() const noexcept { return error; }

private:
    int error;
};

} // namespace net
