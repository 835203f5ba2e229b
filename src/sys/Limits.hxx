#pragma once

#include <sys/resource.h>

namespace sys {

/** Raises the soft limit of descriptors to the hard one and returns what was there before, for the
 *  workers (RLIMIT_NOFILE, getrlimit(2)). Never fails: what cannot be raised stays. */
rlimit RaiseDescriptorLimit() noexcept;

} // namespace sys
