#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace sys {

/** A std::system_error of errno, or of the given number, for `throw`; with the remedy where no
 *  descriptors are left. */
std::system_error MakeErrno(int error, const std::string &what);
std::system_error MakeErrno(const std::string &what);

/** "ENOENT"; "E?" for a number without a name. */
std::string_view ErrnoName(int error) noexcept;

/** "No such file or directory" */
std::string ErrnoText(int error);

} // namespace sys
