#include "sys/Cgroup.hxx"
#include "sys/File.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace sys {

namespace {

/** One cgroup file system: what of the hierarchy is mounted, and where. */
struct Mount {
    std::string_view root, point;
};

constexpr std::uint64_t ANY = UINT64_MAX;

bool HasWord(std::string_view list, std::string_view word) {
    const auto words = util::Split(list, ',');
    return std::find(words.begin(), words.end(), word) != words.end();
}

/** proc(5), /proc/[pid]/mountinfo: fields 4 and 5 are root and mount point, the type follows "-". */
std::vector<Mount> FindMounts(std::string_view mountinfo, bool unified,
                              std::string_view controller) {
    std::vector<Mount> mounts;
    for (const std::string_view line : util::Split(mountinfo, '\n')) {
        const auto fields = util::Split(line, ' ');
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.size() < 6 || fields.end() - dash < 4)
            continue;
        if (unified ? dash[1] == "cgroup2" : dash[1] == "cgroup" && HasWord(dash[3], controller))
            mounts.push_back({fields[3], fields[4]});
    }
    return mounts;
}

/** Calls for each mount that shows the group of this process: of v2, and of v1 with this controller. */
template <typename Visitor>
void ForEachMount(const std::string &root, std::string_view controller, Visitor visit) {
    const auto groups = ReadFile(root + "/proc/self/cgroup");
    const auto mountinfo = ReadFile(root + "/proc/self/mountinfo");
    if (!groups || !mountinfo)
        return;
    // "0::/path" is v2, "4:cpu,cpuacct:/path" is v1.
    for (const std::string_view line : util::Split(*groups, '\n')) {
        const auto [id, rest] = util::Cut(line, ':');
        const auto [controllers, group] = util::Cut(rest, ':');
        const bool unified = id == "0" && controllers.empty();
        if (group.empty() || (!unified && !HasWord(controllers, controller)))
            continue;
        for (const Mount &mount : FindMounts(*mountinfo, unified, controller))
            visit(mount, group, unified);
    }
}

/** Where a group is below a mount that may show only a part of the hierarchy: the mount shows it without its
 *  root. In a container without a cgroup namespace the path is the host's and the mount's root is that
 *  same path. */
std::string PathBelow(const Mount &mount, std::string_view group) {
    if (mount.root != "/" && group.starts_with(mount.root) &&
        (group.size() == mount.root.size() || group[mount.root.size()] == '/'))
        group.remove_prefix(mount.root.size());
    return std::string(group == "/" ? "" : group);
}

/** cpu.max: "MAX PERIOD" or "max PERIOD". */
std::optional<double> ReadUnified(const std::string &directory) {
    const auto content = ReadFile(directory + "/cpu.max");
    if (!content)
        return std::nullopt;
    const auto [quota_text, period_text] = util::Cut(util::Trim(*content), ' ');
    const auto quota = util::ParseUnsigned(quota_text, ANY);
    const auto period = util::ParseUnsigned(period_text, ANY);
    if (!quota || !period || *period == 0)
        return std::nullopt;
    return static_cast<double>(*quota) / static_cast<double>(*period);
}

/** cpu.cfs_quota_us (-1: none) and cpu.cfs_period_us. */
std::optional<double> ReadLegacy(const std::string &directory) {
    const auto quota_text = ReadFile(directory + "/cpu.cfs_quota_us");
    const auto period_text = ReadFile(directory + "/cpu.cfs_period_us");
    if (!quota_text || !period_text)
        return std::nullopt;
    const auto quota = util::ParseUnsigned(util::Trim(*quota_text), ANY);
    const auto period = util::ParseUnsigned(util::Trim(*period_text), ANY);
    if (!quota || !period || *period == 0)
        return std::nullopt;
    return static_cast<double>(*quota) / static_cast<double>(*period);
}

/** The tightest of a group and all above it, up to the mount point. */
std::optional<double> Tightest(const std::string &root, const Mount &mount, std::string_view group,
                               bool unified) {
    std::optional<double> tightest;
    std::string below = PathBelow(mount, group);
    for (;;) {
        const std::string directory = root + std::string(mount.point) + below;
        const auto quota = unified ? ReadUnified(directory) : ReadLegacy(directory);
        if (quota && (!tightest || *quota < *tightest))
            tightest = quota;
        const auto slash = below.rfind('/');
        if (slash == std::string::npos)
            return tightest;
        below.resize(slash);
    }
}

/** The line "oom_kill N", which both versions have. */
std::optional<std::uint64_t> ReadOomKills(const std::string &path) {
    const auto content = ReadFile(path);
    if (!content)
        return std::nullopt;
    for (const std::string_view line : util::Split(*content, '\n'))
        if (const auto [name, value] = util::Cut(line, ' '); name == "oom_kill")
            return util::ParseUnsigned(value, ANY);
    return std::nullopt;
}

} // namespace

std::optional<double> CpuQuota(const std::string &root) {
    std::optional<double> tightest;
    ForEachMount(root, "cpu", [&](const Mount &mount, std::string_view group, bool unified) {
        const auto quota = Tightest(root, mount, group, unified);
        if (quota && (!tightest || *quota < *tightest))
            tightest = quota;
    });
    return tightest;
}

OomKills::OomKills(const std::string &root) {
    ForEachMount(root, "memory", [&](const Mount &mount, std::string_view group, bool unified) {
        const std::string candidate = root + std::string(mount.point) + PathBelow(mount, group) +
                                      (unified ? "/memory.events" : "/memory.oom_control");
        if (ReadOomKills(candidate))
            file = candidate;
    });
    last = Count();
}

std::uint64_t OomKills::Count() const {
    return file.empty() ? 0 : ReadOomKills(file).value_or(last);
}

bool OomKills::Rose() {
    const std::uint64_t before = std::exchange(last, Count());
    return last > before;
}

} // namespace sys
