#pragma once

#include "sys/Elsewhere.hxx"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace watch {

/** Finds out which processes carry the mark of a run in their environment. Any user may have a
 *  process whose environment cannot be read in time, so a process of the caller's own reads it. A
 *  process that was late once is not asked again, and of a user who has MOST_LATE of them none is:
 *  they count as unmarked. */
class RunMarks {
public:
    static constexpr int DEADLINE_MILLISECONDS = 250;
    static constexpr unsigned MOST_LATE = 8;

    /** `_run`: the value of CLUSTERIZE_RUN. */
    explicit RunMarks(std::string _run) : run(std::move(_run)) {}

    /** The process with that number and start time. Waits for DEADLINE_MILLISECONDS at most. */
    bool Has(pid_t pid, std::uint64_t start);

private:
    std::optional<bool> Read(pid_t pid);
    void LeaveBehind();

    const std::string run;
    std::optional<sys::Elsewhere> reader;
    std::set<std::pair<pid_t, std::uint64_t>> late;
    std::map<uid_t, unsigned> late_of_user;
};

} // namespace watch
