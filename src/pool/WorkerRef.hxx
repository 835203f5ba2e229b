#pragma once

#include "report/Event.hxx"

namespace pool {

/** Names one worker: `id` is never used again, so a stale reference names nobody. */
using WorkerRef = report::WorkerInfo;

} // namespace pool
