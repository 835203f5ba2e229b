#include "pool/WorkerEnd.hxx"
#include "sys/SignalNames.hxx"

#include <fmt/format.h>

namespace pool {

std::string Describe(const WorkerEnd &end) {
    if (end.launch_failure)
        return "could not be started";
    if (end.not_ready)
        return "not ready in time";
    if (!end.status.killed)
        return fmt::format("exit status {}", end.status.number);
    return fmt::format("killed by {}{}", sys::SignalName(end.status.number),
                       end.oom ? ", out of memory" : "");
}

} // namespace pool
