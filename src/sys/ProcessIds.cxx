#include "sys/ProcessIds.hxx"
#include "sys/File.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"

#include <climits>
#include <cstdint>
#include <string>

namespace sys {

namespace {

constexpr std::size_t FILE_SYSTEM = 3; // of "real effective saved file-system"

std::optional<std::uint32_t> ToId(std::string_view text) noexcept {
    const auto id = util::ParseUnsigned(text, UINT32_MAX - 1);
    return id ? std::optional(static_cast<std::uint32_t>(*id)) : std::nullopt;
}

std::optional<std::uint32_t> FileSystemId(std::string_view value) {
    const auto fields = util::Split(value, '\t');
    return fields.size() > FILE_SYSTEM ? ToId(fields[FILE_SYSTEM]) : std::nullopt;
}

std::vector<gid_t> ToGroups(std::string_view value) {
    std::vector<gid_t> groups;
    for (const std::string_view word : util::Split(value, ' '))
        if (const auto group = ToId(word))
            groups.push_back(*group);
    return groups;
}

} // namespace

std::optional<ProcessIds> ReadProcessIds(pid_t tid) {
    const auto content = ReadFile("/proc/" + std::to_string(tid) + "/status");
    if (!content)
        return std::nullopt;
    ProcessIds ids;
    std::optional<std::uint32_t> uid, gid;
    std::optional<unsigned> umask;
    // One "Name:\tvalue" a line; a newline in the program's name is escaped.
    for (const std::string_view line : util::Split(*content, '\n')) {
        const auto [name, rest] = util::Cut(line, ':');
        const std::string_view value = util::Trim(rest);
        if (name == "Uid")
            uid = FileSystemId(value);
        else if (name == "Gid")
            gid = FileSystemId(value);
        else if (name == "Groups")
            ids.groups = ToGroups(value);
        else if (name == "Umask") // a zombie has none
            umask = util::ParseMode(value);
        else if (name == "Tgid")
            ids.process = static_cast<pid_t>(util::ParseUnsigned(value, INT_MAX).value_or(0));
    }
    if (!uid || !gid || !umask || ids.process == 0)
        return std::nullopt;
    ids.uid = *uid;
    ids.gid = *gid;
    ids.umask = *umask;
    return ids;
}

} // namespace sys
