#include "notify/Directory.hxx"
#include "sys/Error.hxx"
#include "sys/UnixDatagram.hxx"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace notify {

namespace {

constexpr std::string_view PREFIX = "clusterize-notify-";
constexpr mode_t SEARCH_ONLY = 0711, EVERYBODY = 0666, OWNER = 0600;
constexpr int MOST_ENTRIES = 1000; // of a place that are looked at

std::string RandomName() {
    std::array<std::uint64_t, 2> random = {};
    if (getrandom(random.data(), sizeof(random), 0) != sizeof(random))
        throw sys::MakeErrno("the kernel gives no random numbers (getrandom)");
    return fmt::format("{:016x}{:016x}", random[0], random[1]);
}

struct CloseDirectory {
    void operator()(DIR *directory) const noexcept { closedir(directory); }
};
using Entries = std::unique_ptr<DIR, CloseDirectory>;

/** The directory, locked; undefined if it is not the caller's own, is gone, or its launcher
 *  lives. */
sys::UniqueFd Lock(const std::string &path) noexcept {
    sys::UniqueFd directory(sys::AdoptTag(),
                            open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status = {};
    const bool is_ours = directory.IsDefined() && fstat(directory.Get(), &status) == 0 &&
                         status.st_uid == geteuid() &&
                         flock(directory.Get(), LOCK_EX | LOCK_NB) == 0 &&
                         fstat(directory.Get(), &status) == 0 && status.st_nlink != 0;
    return is_ours ? std::move(directory) : sys::UniqueFd();
}

void RemoveDirectory(const std::string &path) noexcept {
    const Entries entries(opendir(path.c_str()));
    while (entries != nullptr) {
        const dirent *entry = readdir(entries.get());
        if (entry == nullptr)
            break;
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(entries.get()), entry->d_name, 0);
    }
    rmdir(path.c_str());
}

/** Removes what launchers have left that were killed. */
void RemoveStale(const std::string &place) noexcept {
    const Entries entries(opendir(place.c_str()));
    for (int i = 0; entries != nullptr && i < MOST_ENTRIES; i++) {
        const dirent *entry = readdir(entries.get());
        if (entry == nullptr)
            break;
        if (!std::string_view(entry->d_name).starts_with(PREFIX))
            continue;
        const std::string path = place + "/" + entry->d_name;
        if (Lock(path).IsDefined())
            RemoveDirectory(path);
    }
}

} // namespace

Directory::Socket Directory::Open() {
    lacks.clear();
    const std::string secret = RandomName();
    if (Make()) {
        try {
            return OpenPath(secret);
        } catch (const std::system_error &error) { // somebody has removed it
            lacks = path + ": " + error.what();
            path.clear();
            lock.Close();
        }
    }
    Socket opened;
    opened.name = "@" + std::string(PREFIX) + secret;
    sys::UnixDatagram socket;
    socket.Bind(*sys::UnixAddress::Parse(opened.name));
    opened.socket = socket.Release();
    return opened;
}

Directory::Socket Directory::OpenPath(const std::string &secret) const {
    const std::string shown = path + "/new";
    unlink(shown.c_str());
    sys::UnixDatagram socket;
    if (fchmod(socket.Descriptor().Get(), OWNER) != 0) // that of the file
        throw sys::MakeErrno("cannot set the mode of a socket");
    socket.Bind(*sys::UnixAddress::Parse(shown));
    Socket opened = {path + "/" + secret, socket.Release()};
    if (rename(shown.c_str(), opened.name.c_str()) != 0 ||
        chmod(opened.name.c_str(), EVERYBODY) != 0)
        throw sys::MakeErrno("cannot name a socket");
    return opened;
}

bool Directory::Make() noexcept {
    if (!path.empty())
        return true;
    for (const std::string &place : places) {
        if (MakeIn(place)) {
            lacks.clear();
            return true;
        }
        lacks += fmt::format("{}{}: {}", lacks.empty() ? "" : "; ", place, sys::ErrnoText(errno));
    }
    return false;
}

/** False with errno. */
bool Directory::MakeIn(const std::string &place) noexcept {
    std::string made = place + "/" + std::string(PREFIX) + "XXXXXX";
    if (!sys::UnixAddress::Parse(made + "/0123456789abcdef0123456789abcdef")) {
        errno = ENAMETOOLONG;
        return false;
    }
    RemoveStale(place);
    if (mkdtemp(made.data()) == nullptr)
        return false;
    // Another launcher may take it for a stale one until it is locked.
    lock = Lock(made);
    if (!lock.IsDefined() || fchmod(lock.Get(), SEARCH_ONLY) != 0) {
        rmdir(made.c_str());
        errno = EBUSY;
        return false;
    }
    path = made;
    return true;
}

void Directory::Remove(const std::string &name) const noexcept {
    if (name.starts_with('/'))
        unlink(name.c_str());
}

void Directory::RemoveAll() noexcept {
    if (!path.empty())
        RemoveDirectory(path);
    path.clear();
    lock.Close();
}

} // namespace notify
