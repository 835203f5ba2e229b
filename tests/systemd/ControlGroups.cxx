#include "ControlGroups.hxx"

#include "harness/Errno.hxx"
#include "harness/Harness.hxx"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace systemd {

namespace {

constexpr const char *TOP = "/sys/fs/cgroup";

bool IsOf(const std::string &path, long magic) {
    struct statfs status = {};
    return statfs(path.c_str(), &status) == 0 && status.f_type == magic;
}

/** Where version 2 is mounted; empty: nowhere. */
std::string Unified() {
    for (const std::string &path : {std::string(TOP), TOP + std::string("/unified")})
        if (IsOf(path, CGROUP2_SUPER_MAGIC))
            return path;
    return "";
}

/** A service manager's own hierarchy of version 1; empty: there is none. */
std::string Named() {
    const std::string path = TOP + std::string("/systemd");
    return IsOf(path, CGROUP_SUPER_MAGIC) ? path : "";
}

/** The group of this process in the hierarchy whose line has this between its colons. */
std::string Own(const std::string &controllers) {
    std::istringstream lines(harness::ReadFile("/proc/self/cgroup"));
    std::string line;
    while (std::getline(lines, line)) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (line.substr(first + 1, second - first - 1) == controllers)
            return line.substr(second + 1);
    }
    return "";
}

void Remove(const std::string &path) noexcept {
    if (DIR *directory = opendir(path.c_str())) {
        while (const dirent *entry = readdir(directory))
            if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
                Remove(path + "/" + entry->d_name);
        closedir(directory);
    }
    (void)rmdir(path.c_str());
}

} // namespace

ControlGroups::ControlGroups() {
    const auto add = [this](const std::string &mount, const std::string &controllers) {
        const std::string own = Own(controllers);
        if (mount.empty() || own.empty())
            return;
        const std::string path =
            mount + (own == "/" ? "" : own) + "/clusterize-test-" + std::to_string(getpid());
        harness::Check(mkdir(path.c_str(), 0755), path.c_str());
        paths.push_back(path);
    };
    add(Named(), "name=systemd");
    add(Unified(), "");
}

ControlGroups::~ControlGroups() {
    for (const std::string &path : paths) {
        // A group is busy until its last process is gone for good.
        (void)harness::WaitFor([&path] {
            Remove(path);
            return access(path.c_str(), F_OK) != 0;
        });
    }
}

void ControlGroups::Enter() const {
    for (const std::string &path : paths) {
        const std::string file = path + "/cgroup.procs";
        const harness::Fd fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
        harness::Check(fd.Get(), file.c_str());
        harness::Check(write(fd.Get(), "0", 1), file.c_str());
    }
}

bool ControlGroups::Has(Hierarchy hierarchy) {
    return !(hierarchy == Hierarchy::V1 ? Named() : Unified()).empty();
}

} // namespace systemd
