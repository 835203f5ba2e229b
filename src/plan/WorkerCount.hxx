#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plan {

/** The forms of `-n`. */
struct WorkerCount {
    enum class Form { NUMBER, AUTO, AUTO_MINUS, PERCENT } form = Form::NUMBER;
    unsigned value = 1; // N, –, K, P
};

constexpr unsigned MOST_WORKERS = 4096;

/** `N`, `auto`, `-K`, `P%`; nullopt for anything else, 0 and 0% included. */
std::optional<WorkerCount> ParseWorkerCount(std::string_view text) noexcept;

/** `auto`: the CPUs that this process may use, or the tightest quota of the cgroups around it, rounded
 *  up, where that is less. At least 1. */
unsigned AutoWorkers();

/** "2 CPUs, quota of the control groups 1.5": what AutoWorkers() went by. */
std::string ExplainAutoWorkers();

/** 1 to MOST_WORKERS; `auto_workers` is asked only where the form needs it. */
unsigned Resolve(const WorkerCount &count, unsigned (*auto_workers)() = AutoWorkers);

} // namespace plan
