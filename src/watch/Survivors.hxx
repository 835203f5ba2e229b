#pragma once

#include "watch/Charge.hxx"
#include "watch/RunMarks.hxx"

#include <map>

namespace watch {

/** Processes by pid, with their start times. */
using Processes = std::map<pid_t, std::uint64_t>;

/** The living processes of a cluster whose launcher has ended, with the descendants of all of them.
 *  A process belongs to the cluster if one of these is true:
 *    - it is a worker, or its process group or session is that of a worker,
 *    - workers share a terminal's group with the launcher, and it is an orphan of that group that
 *      began after the launcher (children that the launcher inherited are older),
 *    - its environment carries the mark of the run. This can take some time; with nullptr no
 *      environment is read.
 *  `known` were found before: they count, whoever their parents are by now. `reaper` adopts orphans
 *  here: it is the caller's own parent. */
Processes FindSurvivors(const Charge &charge, RunMarks *marks, const Processes &known,
                        pid_t reaper);

} // namespace watch
