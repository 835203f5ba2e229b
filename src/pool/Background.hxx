#pragma once

#include "pool/WorkerEnd.hxx"
#include "pool/WorkerSpec.hxx"
#include "report/Reporter.hxx"

#include <chrono>

namespace pool {

/** Notices that the command goes into the background: its first process ends with status 0, and a
 *  process that it has left goes on with its work, until the launcher ends it. */
class Background {
public:
    /** How a job that leaves processes of another name is told from one that starts a server: it
     *  takes longer. */
    static constexpr std::chrono::seconds QUICK{1};

    explicit Background(report::Reporter &_reporter) noexcept : reporter(_reporter) {}

    /** Nothing is left of a worker whose end was not asked for. The log gets a hint, once. Returns
     *  whether what it left was the program itself, so that the worker has done nothing. */
    bool OnCleared(const WorkerRef &worker, const WorkerSpec &spec, const WorkerEnd &end);

private:
    report::Reporter &reporter;
    bool was_said = false;
};

} // namespace pool
