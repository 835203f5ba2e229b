#include "net/HeldPath.hxx"
#include "net/Address.hxx"
#include "sys/FileSystemIds.hxx"
#include "sys/RunElsewhere.hxx"

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdint>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace net {

namespace {

/** For all paths of one user at the end. */
constexpr std::chrono::milliseconds PATIENCE{1000};

/** A socket on which nobody listens any more, as a launcher leaves it that was killed. */
bool IsStale(int directory, const std::string &name) {
    struct stat status = {};
    const std::string path = fmt::format("/proc/self/fd/{}/{}", directory, name);
    if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISSOCK(status.st_mode) || path.size() > Address::MOST_PATH)
        return false;
    const Address at = Address::Unix(path, false);
    const sys::UniqueFd probe(sys::AdoptTag(),
                              socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return probe.IsDefined() && connect(probe.Get(), at.Get(), at.Length()) != 0 &&
           errno == ECONNREFUSED;
}

/** The second names of a path. A launcher takes the first one that is free. */
std::string Beside(const std::string &name, unsigned number) {
    return number == 0 ? fmt::format(".{}.clusterize", name)
                       : fmt::format(".{}.clusterize-{}", name, number);
}

/** So many launchers that were killed may have workers that still serve the path. */
constexpr unsigned MOST_BESIDE = 8;

void RemoveStale(int directory, const std::string &name) {
    for (unsigned number = 0; number < MOST_BESIDE; number++)
        if (const std::string beside = Beside(name, number); IsStale(directory, beside))
            unlinkat(directory, beside.c_str(), 0);
}

/** Returns the name, or an empty one with errno. */
std::string LinkBeside(int directory, const std::string &name) {
    const auto link = [&](const std::string &beside) {
        return linkat(directory, name.c_str(), directory, beside.c_str(), 0) == 0;
    };
    // A worker may remove the path at any moment, so looking at others is for the rare case.
    if (std::string beside = Beside(name, 0); link(beside))
        return beside;
    if (errno != EEXIST)
        return {};
    RemoveStale(directory, name);
    for (unsigned number = 0; number < MOST_BESIDE; number++) {
        if (std::string beside = Beside(name, number); link(beside))
            return beside;
        if (errno != EEXIST)
            return {};
    }
    std::uint64_t random = 0;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        return {};
    std::string beside = fmt::format("{}-{:016x}", Beside(name, 0), random);
    return link(beside) ? beside : std::string();
}

} // namespace

NameInDirectory::NameInDirectory(std::string_view path) {
    const auto slash = path.rfind('/');
    const std::string parent(slash == std::string_view::npos ? "."
                             : slash == 0                    ? "/"
                                                             : path.substr(0, slash));
    name = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
    sys::UniqueFd fd(sys::AdoptTag(), open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct stat status = {};
    if (!fd.IsDefined() || fstat(fd.Get(), &status) != 0)
        return;
    directory_id = {status.st_dev, status.st_ino};
    directory = std::move(fd);
}

std::string NameInDirectory::ToString() const {
    std::array<char, PATH_MAX> target = {};
    const std::string link = fmt::format("/proc/self/fd/{}", directory.Get());
    const ssize_t length = readlink(link.c_str(), target.data(), target.size());
    if (length <= 0)
        return name;
    const std::string_view parent(target.data(), static_cast<std::size_t>(length));
    return fmt::format("{}/{}", parent == "/" ? "" : parent, name);
}

std::optional<FileId> NameInDirectory::Look() const noexcept {
    struct stat status = {};
    if (fstatat(directory.Get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
        return std::nullopt;
    return FileId{status.st_dev, status.st_ino};
}

int HeldPath::Hold(std::string_view path, const std::optional<sys::ProcessIds> &as,
                   bool second_name) {
    NameInDirectory place(path);
    if (!place.IsDefined())
        return errno;
    const auto found = place.Look();
    if (!found)
        return errno;
    if (second_name) {
        const int directory = place.Directory().Get();
        if (std::string beside = LinkBeside(directory, place.Name()); !beside.empty()) {
            second = std::move(beside);
            maker = as;
            struct stat status = {};
            if (fstatat(directory, second.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
                FileId{status.st_dev, status.st_ino} != *found) {
                unlinkat(directory, second.c_str(), 0);
                second.clear();
                return ENOENT;
            }
        } else if (errno == ENOENT) {
            return ENOENT;
        }
    }
    at = std::move(place);
    file = *found;
    return 0;
}

int HeldPath::Restore(const std::optional<sys::ProcessIds> &as, bool *put_back) const {
    std::optional<sys::FileSystemIds> ids;
    if (as)
        ids.emplace(*as, sys::Keep::NONE);
    if (ids && !ids->AreTaken())
        return EACCES;
    const int directory = at.Directory().Get();
    // Once more where another has put something there meanwhile.
    for (int attempt = 0; attempt < 2; attempt++) {
        if (const auto found = at.Look())
            return *found == file ? 0 : EADDRINUSE;
        if (errno != ENOENT)
            return errno;
        if (second.empty())
            return ENOENT;
        if (linkat(directory, second.c_str(), directory, at.Name().c_str(), 0) == 0) {
            if (put_back != nullptr)
                *put_back = true;
            return 0;
        }
        if (errno != EEXIST)
            return errno;
    }
    return EADDRINUSE;
}

void HeldPath::LetGo() noexcept {
    if (second.empty())
        return;
    if (maker) // a worker has chosen the directory, and its file system may not answer
        sys::RunElsewhere([this] {
            Remove();
            return 0;
        });
    else
        Remove();
    second.clear();
}

void HeldPath::LetGoAll(const std::vector<HeldPath *> &paths) noexcept {
    std::map<uid_t, std::vector<HeldPath *>> by_maker;
    for (HeldPath *path : paths)
        if (!path->second.empty() && path->maker)
            by_maker[path->maker->uid].push_back(path);
    for (const auto &entry : by_maker) {
        const std::vector<HeldPath *> &own = entry.second;
        sys::RunElsewhere(
            [&own] {
                for (const HeldPath *path : own)
                    path->Remove();
                return 0;
            },
            PATIENCE);
        for (HeldPath *path : own)
            path->second.clear();
    }
}

void HeldPath::Remove() const noexcept {
    // Not with the launcher's rights: the file of that name can be another user's by now.
    std::optional<sys::FileSystemIds> ids;
    if (maker)
        ids.emplace(*maker, sys::Keep::NONE);
    if (ids && !ids->AreTaken() && geteuid() == 0)
        return;
    if (removed && at.Look() == file)
        unlinkat(at.Directory().Get(), at.Name().c_str(), 0);
    unlinkat(at.Directory().Get(), second.c_str(), 0);
    RemoveStale(at.Directory().Get(), at.Name());
}

void HeldPath::Swap(HeldPath &other) noexcept {
    std::swap(at, other.at);
    std::swap(file, other.file);
    std::swap(second, other.second);
    std::swap(maker, other.maker);
    std::swap(removed, other.removed);
}

} // namespace net
