#pragma once

#include "net/ListenSpec.hxx"

#include <string>

namespace net {

/** Gives the file of a unix socket, which the caller has bound at `path` a moment ago, to the owner
 *  and group of the options. In a directory of another user that may be another file by now, as a
 *  hard link to a file of root: only a socket of the caller's own with one name is given away.
 *  Returns 0 or errno; EEXIST: it is another file. */
int GiveAway(const std::string &path, const UnixOptions &options) noexcept;

} // namespace net
