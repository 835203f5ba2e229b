#pragma once

#include "watch/Charge.hxx"

#include <map>

namespace watch {

/** Processes by pid, with their start times. */
using Processes = std::map<pid_t, std::uint64_t>;

/** What lives of a cluster whose launcher is no more, in `charge`'s and in the environments' words, with the
 *  descendants of all of it. `known` are those that were found before: they count, whoever their parents
 *  are by now. `reaper`: who adopts orphans here, the caller's own parent.
 *
 *  A process is one of the cluster where its environment carries the run's mark; where it is a worker; where its
 *  process group or session is a worker's; and, in a terminal's group, which workers share with the
 *  launcher and the rest of a shell's pipeline, where it is younger than the launcher and an orphan. */
Processes FindSurvivors(const Charge &charge, const Processes &known, pid_t reaper);

} // namespace watch
