#pragma once

#include "sys/Process.hxx"

#include <optional>

namespace watch {

/** A watcher of this user whose launcher was started with the same command line as this one, and
 *  was killed: it is ending the rest of its cluster, and ends when all of that is gone. nullopt
 *  if there is none, or if it is in another PID namespace. A process that only looks like one is
 *  that user's own doing. */
std::optional<sys::Process> FindVigil();

} // namespace watch
