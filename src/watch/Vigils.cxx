#include "watch/Vigils.hxx"
#include "sys/Proc.hxx"
#include "sys/ProcessIds.hxx"
#include "watch/Vigil.hxx"

#include <fmt/format.h>

#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace watch {

namespace {

constexpr std::size_t MOST_BYTES = 256UL * 1024;

std::string ReadFile(pid_t pid, const char *name) {
    const std::string path = fmt::format("/proc/{}/{}", pid, name);
    const sys::UniqueFd file(sys::AdoptTag(), open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string content;
    char buffer[4096];
    while (file.IsDefined() && content.size() < MOST_BYTES) {
        const ssize_t length = read(file.Get(), buffer, sizeof(buffer));
        if (length <= 0)
            break;
        content.append(buffer, static_cast<std::size_t>(length));
    }
    return content;
}

/** A launcher lives if the watcher's parent has the name of this program. */
bool IsOrphan(pid_t watcher) {
    const auto stat = sys::ReadProcessStat(watcher);
    return stat && ReadFile(stat->parent, "comm") != ReadFile(getpid(), "comm");
}

} // namespace

std::optional<sys::Process> FindVigil() {
    const std::string name = std::string(WATCHER_NAME).substr(0, 15) + '\n';
    const std::string command = ReadFile(getpid(), "cmdline");
    for (const pid_t pid : sys::AllProcesses()) {
        if (ReadFile(pid, "comm") != name)
            continue;
        std::optional<sys::Process> process = sys::Process::Open(pid);
        const auto ids = sys::ReadProcessIds(pid);
        if (process && process->Pidfd().IsDefined() && ids && ids->uid == geteuid() &&
            IsOrphan(pid) && ReadFile(pid, "cmdline") == command)
            return process;
    }
    return std::nullopt;
}

} // namespace watch
