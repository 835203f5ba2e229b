#include "sys/Proc.hxx"
#include "sys/Descent.hxx"
#include "sys/UniqueFd.hxx"
#include "util/Number.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace sys {

namespace {

/** "/proc/PID/NAME", in place: processes are looked at by the thousand. */
class ProcPath {
public:
    ProcPath(pid_t pid, const char *name) noexcept {
        std::snprintf(text.data(), text.size(), "/proc/%d/%s", pid, name);
    }
    const char *Get() const noexcept { return text.data(); }

private:
    std::array<char, 64> text;
};

UniqueFd OpenFile(const char *path) noexcept {
    return {AdoptTag(), open(path, O_RDONLY | O_CLOEXEC)};
}

/** Fills `to` as far as the file goes; the length, or -1 with errno. */
ssize_t ReadUpTo(Fd file, char *to, std::size_t size) noexcept {
    std::size_t length = 0;
    while (length < size) {
        const ssize_t part = read(file.Get(), to + length, size - length);
        if (part < 0 && errno != EINTR)
            return -1;
        if (part == 0)
            break;
        length += part > 0 ? static_cast<std::size_t>(part) : 0;
    }
    return static_cast<ssize_t>(length);
}

pid_t ToPid(std::string_view text) noexcept {
    const auto pid = util::ParseUnsigned(text, INT_MAX);
    return pid ? static_cast<pid_t>(*pid) : 0;
}

struct CloseDirectory {
    void operator()(DIR *directory) const noexcept { closedir(directory); }
};

/** Calls back with each entry of a directory that is a number above 0. */
template <typename Callback> void ForEachNumber(const char *path, const Callback &callback) {
    const std::unique_ptr<DIR, CloseDirectory> directory(opendir(path));
    while (directory != nullptr) {
        const dirent *entry = readdir(directory.get());
        if (entry == nullptr)
            break;
        if (const pid_t number = ToPid(entry->d_name); number != 0)
            callback(number);
    }
}

// Of one thread's children: some 100,000 numbers.
constexpr std::size_t MOST_CHILDREN_BYTES = 1024UL * 1024;

/** Appends the words of /proc/PID/task/TID/children. False with errno. */
bool AppendChildrenOfThread(pid_t pid, pid_t tid, std::vector<pid_t> &children) {
    std::array<char, 64> path;
    std::snprintf(path.data(), path.size(), "/proc/%d/task/%d/children", pid, tid);
    const UniqueFd file = OpenFile(path.data());
    if (!file.IsDefined())
        return false;
    std::array<char, 4096> buffer;
    std::size_t kept = 0; // the begin of a number that a read cut
    for (std::size_t all = 0; all < MOST_CHILDREN_BYTES;) {
        const ssize_t length = read(file.Get(), buffer.data() + kept, buffer.size() - kept);
        if (length <= 0)
            return length == 0;
        all += static_cast<std::size_t>(length);
        std::string_view text(buffer.data(), kept + static_cast<std::size_t>(length));
        for (auto end = text.find(' '); end != std::string_view::npos; end = text.find(' ')) {
            if (const pid_t child = ToPid(text.substr(0, end)); child != 0)
                children.push_back(child);
            text.remove_prefix(end + 1);
        }
        kept = std::min(text.size(), buffer.size() / 2);
        std::memmove(buffer.data(), text.data(), kept);
    }
    return true;
}

/** A directory has two links and one for each directory in it; 0: the process is gone. */
std::size_t CountThreads(pid_t pid) noexcept {
    struct stat status = {};
    if (stat(ProcPath(pid, "task").Get(), &status) != 0)
        return 0;
    return status.st_nlink > 2 ? status.st_nlink - 2 : 1;
}

/** A pass over all processes costs less than so many threads. */
constexpr std::size_t MANY_THREADS = 256;

std::vector<pid_t> ScanForChildren(pid_t parent) {
    std::vector<pid_t> children;
    for (const pid_t pid : AllProcesses()) {
        const auto stat = ReadProcessStat(pid);
        if (stat && stat->parent == parent)
            children.push_back(pid);
    }
    return children;
}

} // namespace

std::optional<ProcessStat> ReadProcessStat(pid_t pid) noexcept {
    const UniqueFd file = OpenFile(ProcPath(pid, "stat").Get());
    std::array<char, 1024> buffer; // 52 numbers and a name of at most 64 bytes
    const ssize_t length =
        file.IsDefined() ? ReadUpTo(file, buffer.data(), buffer.size()) : ssize_t(-1);
    if (length <= 0)
        return std::nullopt;
    // "PID (name) S PPID PGRP SESSION …": the name may hold anything, also ") ".
    std::string_view rest(buffer.data(), static_cast<std::size_t>(length));
    const auto end = rest.rfind(')');
    if (end == std::string_view::npos || rest.size() < end + 3)
        return std::nullopt;
    rest.remove_prefix(end + 2);
    constexpr std::size_t START = 19; // the first is the state
    std::array<std::string_view, START + 1> fields;
    for (std::string_view &field : fields) {
        const auto space = rest.find(' ');
        if (space == std::string_view::npos)
            return std::nullopt;
        field = rest.substr(0, space);
        rest.remove_prefix(space + 1);
    }
    return ProcessStat{ToPid(fields[1]), ToPid(fields[2]), ToPid(fields[3]), fields[0][0],
                       util::ParseUnsigned(fields[START], UINT64_MAX).value_or(0)};
}

std::uint64_t TicksSinceBoot() noexcept {
    static const auto per_second = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
    timespec now = {};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * per_second +
           static_cast<std::uint64_t>(now.tv_nsec) * per_second / 1'000'000'000;
}

bool HasOwnProc() noexcept {
    std::array<char, 16> target = {};
    const ssize_t length = readlink("/proc/self", target.data(), target.size());
    return length > 0 && ToPid({target.data(), static_cast<std::size_t>(length)}) == getpid();
}

std::vector<pid_t> AllProcesses() {
    std::vector<pid_t> all;
    if (HasOwnProc())
        ForEachNumber("/proc", [&all](pid_t pid) { all.push_back(pid); });
    return all;
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
    std::vector<pid_t> children;
    const std::size_t threads = HasOwnProc() ? CountThreads(pid) : 0;
    if (threads == 0)
        return children;
    if (threads > MANY_THREADS)
        return ScanForChildren(pid);
    // The main thread may have ended before the others; its children are then those of another one.
    const bool has_file = AppendChildrenOfThread(pid, pid, children);
    if (!has_file && errno == ENOENT && CountThreads(pid) != 0)
        return ScanForChildren(pid); // CONFIG_PROC_CHILDREN is off
    if (has_file && threads > 1)
        ForEachNumber(ProcPath(pid, "task").Get(), [&](pid_t tid) {
            if (tid != pid)
                AppendChildrenOfThread(pid, tid, children);
        });
    return children;
}

std::vector<pid_t> DescendantsOf(pid_t pid) {
    Descent descent(pid);
    while (!descent.Step(SIZE_MAX)) {
    }
    return descent.Found();
}

std::optional<ProcessEnvironment> ProcessEnvironment::Read(pid_t pid, std::size_t most) {
    const UniqueFd file = OpenFile(ProcPath(pid, "environ").Get());
    if (!file.IsDefined())
        return std::nullopt;
    ProcessEnvironment environment;
    environment.content.resize(most);
    const ssize_t length = ReadUpTo(file, environment.content.data(), most);
    if (length < 0)
        return std::nullopt;
    environment.content.resize(static_cast<std::size_t>(length));
    return environment;
}

std::optional<std::string_view> ProcessEnvironment::Find(std::string_view name) const noexcept {
    std::string_view rest = content;
    while (!rest.empty()) {
        const auto end = rest.find('\0');
        const std::string_view entry = rest.substr(0, end);
        if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name))
            return entry.substr(name.size() + 1);
        if (end == std::string_view::npos)
            break;
        rest.remove_prefix(end + 1);
    }
    return std::nullopt;
}

} // namespace sys
