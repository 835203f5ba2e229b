#include "sys/AppendFile.hxx"
#include "sys/Error.hxx"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <fcntl.h>
#include <linux/magic.h>
#include <optional>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace sys {

namespace {

constexpr int MOST_LINKS = 40; // as the kernel follows, path_resolution(7)

bool IsOnProc(Fd fd) noexcept {
    struct statfs system = {};
    return fstatfs(fd.Get(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

/** A standard descriptor of this process that the link of /proc is for; undefined if it is none. */
UniqueFd DuplicateStandard(Fd link) noexcept {
    struct stat status = {}, own = {};
    if (fstat(link.Get(), &status) != 0)
        return {};
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
        std::array<char, 32> path;
        std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd);
        if (lstat(path.data(), &own) == 0 && own.st_dev == status.st_dev &&
            own.st_ino == status.st_ino)
            return {AdoptTag(), fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
    }
    return {};
}

/** Nobody puts another link there, and it has no name to go on with. */
UniqueFd OpenOnProc(int at, const char *name, int flags, Fd link) noexcept {
    UniqueFd file(AdoptTag(), openat(at, name, flags, 0666));
    if (file.IsDefined() || (errno != ENXIO && errno != EACCES))
        return file;
    const int error = errno;
    file = DuplicateStandard(link);
    if (!file.IsDefined())
        errno = error;
    return file;
}

/** Where the link leads to; nullopt with errno: it is not to be followed. */
std::optional<std::string> ReadTrustedLink(Fd link) noexcept {
    struct stat status = {};
    std::array<char, PATH_MAX> target;
    if (fstat(link.Get(), &status) != 0)
        return std::nullopt;
    if (status.st_uid != 0 && status.st_uid != geteuid()) {
        errno = ELOOP;
        return std::nullopt;
    }
    const ssize_t length = readlinkat(link.Get(), "", target.data(), target.size());
    if (length <= 0)
        return std::nullopt;
    return std::string(target.data(), static_cast<std::size_t>(length));
}

} // namespace

UniqueFd OpenToAppend(const std::string &path, int access) noexcept {
    const int flags = access | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    std::string rest = path;
    UniqueFd base; // of a relative path; undefined: the working directory
    for (int links = 0; links <= MOST_LINKS; links++) {
        const auto slash = rest.rfind('/');
        if (slash != std::string::npos) {
            UniqueFd directory(AdoptTag(), openat(base.IsDefined() ? base.Get() : AT_FDCWD,
                                                  rest.substr(0, slash + 1).c_str(),
                                                  O_PATH | O_DIRECTORY | O_CLOEXEC));
            if (!directory.IsDefined())
                return directory;
            base = std::move(directory);
            rest.erase(0, slash + 1);
        }
        const int at = base.IsDefined() ? base.Get() : AT_FDCWD;
        const char *const name = rest.empty() && base.IsDefined() ? "." : rest.c_str();
        UniqueFd file(AdoptTag(), openat(at, name, flags | O_NOFOLLOW, 0666));
        if (file.IsDefined() || errno != ELOOP)
            return file;
        // Held by a descriptor, so that the link that is looked at is the one that is read.
        const UniqueFd link(AdoptTag(), openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
        if (!link.IsDefined())
            return {};
        if (IsOnProc(link))
            return OpenOnProc(at, name, flags, link);
        auto target = ReadTrustedLink(link);
        if (!target)
            return {};
        rest = std::move(*target);
    }
    errno = ELOOP;
    return {};
}

std::string AppendErrorText(int error) {
    return error == ELOOP
               ? "it is a symbolic link that belongs to another user, or leads in a circle"
               : ErrnoText(error);
}

} // namespace sys
