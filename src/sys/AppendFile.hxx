#pragma once

#include "sys/UniqueFd.hxx"

#include <string>

namespace sys {

/** Opens a file to append to it, with O_NONBLOCK for FIFOs and terminals; makes it if it is not
 *  there. `access` is O_WRONLY or O_RDWR. A symbolic link as the last part of the path is followed
 *  only if root or the user of this process owns it, so that nobody else who may write to the
 *  directory sends the text elsewhere; the links of /proc, such as /proc/self/fd/1, are always
 *  followed. /dev/stdout and /dev/stderr as a socket, which nobody can open, or as the pipe of
 *  another user are duplicates of that descriptor, whose flags are left alone. Undefined with errno
 *  if it fails, ELOOP for the link of somebody else. */
UniqueFd OpenToAppend(const std::string &path, int access) noexcept;

/** Why OpenToAppend() failed. */
std::string AppendErrorText(int error);

} // namespace sys
