#pragma once

#include "net/ListenSpec.hxx"

namespace net {

/** Sets the options of the spec on a new socket. What the kernel refuses here it has refused to the worker too,
 *  or it belongs to the other family. */
void ReplayOptions(const ListenSpec &spec, int fd) noexcept;

} // namespace net
