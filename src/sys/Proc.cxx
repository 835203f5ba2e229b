#include "sys/Proc.hxx"
#include "sys/File.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"

#include <array>
#include <climits>
#include <cstdio>
#include <dirent.h>
#include <memory>
#include <unistd.h>

namespace sys {

namespace {

std::string ProcPath(pid_t pid, std::string_view name) {
    return "/proc/" + std::to_string(pid) + "/" + std::string(name);
}

pid_t ToPid(std::string_view text) noexcept {
    const auto pid = util::ParseUnsigned(text, INT_MAX);
    return pid ? static_cast<pid_t>(*pid) : 0;
}

struct CloseDirectory {
    void operator()(DIR *directory) const noexcept { closedir(directory); }
};

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

std::optional<ProcessStat> ReadProcessStat(pid_t pid) {
    const auto content = ReadFile(ProcPath(pid, "stat"));
    if (!content)
        return std::nullopt;
    // "PID (name) S PPID PGRP SESSION …": the name may hold anything, also ") ".
    const auto end = content->rfind(')');
    if (end == std::string::npos)
        return std::nullopt;
    const auto fields = util::Split(std::string_view(*content).substr(end + 1), ' ');
    if (fields.size() < 21 || fields[1].empty())
        return std::nullopt;
    return ProcessStat{ToPid(fields[2]), ToPid(fields[3]), ToPid(fields[4]), fields[1][0],
                       util::ParseUnsigned(fields[20], UINT64_MAX).value_or(0)};
}

bool HasOwnProc() noexcept {
    std::array<char, 16> target = {};
    const ssize_t length = readlink("/proc/self", target.data(), target.size());
    return length > 0 && ToPid({target.data(), static_cast<std::size_t>(length)}) == getpid();
}

std::vector<pid_t> AllProcesses() {
    std::vector<pid_t> all;
    if (!HasOwnProc())
        return all;
    const std::unique_ptr<DIR, CloseDirectory> proc(opendir("/proc"));
    while (proc != nullptr) {
        const dirent *entry = readdir(proc.get());
        if (entry == nullptr)
            break;
        if (const pid_t pid = ToPid(entry->d_name); pid != 0)
            all.push_back(pid);
    }
    return all;
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
    if (!HasOwnProc())
        return {};
    const auto content = ReadFile(ProcPath(pid, "task/" + std::to_string(pid) + "/children"));
    if (!content) // CONFIG_PROC_CHILDREN is off
        return ScanForChildren(pid);
    std::vector<pid_t> children;
    for (const std::string_view word : util::Split(*content, ' '))
        if (const pid_t child = ToPid(word); child != 0)
            children.push_back(child);
    return children;
}

std::vector<pid_t> DescendantsOf(pid_t pid) {
    std::vector<pid_t> all = ChildrenOf(pid);
    for (std::size_t i = 0; i < all.size(); i++) {
        const auto children = ChildrenOf(all[i]);
        all.insert(all.end(), children.begin(), children.end());
    }
    return all;
}

std::optional<ProcessEnvironment> ProcessEnvironment::Read(pid_t pid) {
    auto content = ReadFile(ProcPath(pid, "environ"));
    if (!content)
        return std::nullopt;
    ProcessEnvironment environment;
    environment.content = std::move(*content);
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
