#include "cli/StatusTable.hxx"
#include "util/Table.hxx"

namespace cli {

constexpr std::array<StatusRow, 7> STATUSES = {{
    {"0", "all jobs ended with 0 or a status of --exit-ok, or so did every worker when the cluster "
          "was asked to stop"},
    {"1", "a serving worker ended with 0 before any was ready, or was the last one when every slot "
          "had failed"},
    {"N", "the status of the worker that decided: the first job, or the first in a stop, that "
          "failed; a boot failure; "
          "the last one when every slot had failed"},
    {"125", "clusterize itself failed: a bad option, an address that is taken, no descriptors "
            "left, a cluster "
            "that never came up for its --then"},
    {"126", "the command, or the shell of --then, was found but could not be executed"},
    {"127", "the command, or the shell of --then, was not found"},
    {"128+N",
     "the worker that decided was killed by signal N: 143 for TERM, 137 when it had to be killed"},
}};

static_assert(util::NamesAreUnique(STATUSES));

} // namespace cli
