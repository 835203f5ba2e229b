#pragma once

#include "sys/UniqueFd.hxx"
#include "watch/Charge.hxx"

namespace watch {

/** The name of the process. */
constexpr const char *WATCHER_NAME = "clusterize-watch";

/** The watcher's whole life, in a process that was forked from the launcher: waits until nobody
 *  holds the other end of `launcher_alive` any more, then ends what is left of the cluster, TERM
 *  first (the workers themselves have it from the kernel, prctl(2) PR_SET_PDEATHSIG, and get it
 *  again when half of the patience is over), then KILL. It gives up on what even KILL does not end
 *  within ten seconds. At last it calls `last`.
 *
 *  It keeps no other descriptor, has a session of its own (the terminal's signals and those to the
 *  launcher's process group do not reach it) and takes no signal but KILL. */
[[noreturn]] void KeepVigil(sys::Fd launcher_alive, const Charge &charge) noexcept;

} // namespace watch
