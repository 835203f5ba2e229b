#include "watch/Vigils.hxx"
#include "sys/File.hxx"
#include "sys/Proc.hxx"
#include "sys/ProcessIds.hxx"
#include "watch/Vigil.hxx"

#include <fmt/format.h>

#include <string>
#include <unistd.h>

namespace watch {

namespace {

/** Empty if there is no such process. */
std::string Read(pid_t pid, const char *name) {
    return sys::ReadFile(fmt::format("/proc/{}/{}", pid, name)).value_or("");
}

/** A launcher lives if the watcher's parent has the name of this program. */
bool IsOrphan(pid_t watcher) {
    const auto stat = sys::ReadProcessStat(watcher);
    return stat && Read(stat->parent, "comm") != Read(getpid(), "comm");
}

} // namespace

std::optional<sys::Process> FindVigil() {
    const std::string name = std::string(WATCHER_NAME).substr(0, 15) + '\n';
    const std::string command = Read(getpid(), "cmdline");
    for (const pid_t pid : sys::AllProcesses()) {
        if (Read(pid, "comm") != name)
            continue;
        std::optional<sys::Process> process = sys::Process::Open(pid);
        const auto ids = sys::ReadProcessIds(pid);
        if (process && process->Pidfd().IsDefined() && ids && ids->uid == geteuid() &&
            IsOrphan(pid) && Read(pid, "cmdline") == command)
            return process;
    }
    return std::nullopt;
}

} // namespace watch
