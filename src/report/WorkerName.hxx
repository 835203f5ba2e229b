#pragma once

#include "report/Event.hxx"

#include <string>

namespace report {

// How a worker is called wherever people read of it.

/** "worker 3 (slot 2)" */
std::string NameOf(const WorkerInfo &worker);

/** "worker 3 (slot 2, pid 4242)" */
std::string NameWithPid(const WorkerInfo &worker);

} // namespace report
