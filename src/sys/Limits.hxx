#pragma once

#include <cstddef>
#include <sys/resource.h>

namespace sys {

/** Raises the soft limit of descriptors to the hard one and returns what was there before, for the
 *  workers (RLIMIT_NOFILE, getrlimit(2)). Never fails: what cannot be raised stays. */
rlimit RaiseDescriptorLimit() noexcept;

/** How many descriptors the process has open; 0 without /proc. */
std::size_t CountDescriptors();

} // namespace sys
