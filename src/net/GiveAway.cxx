#include "net/GiveAway.hxx"
#include "sys/UniqueFd.hxx"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace net {

int GiveAway(const std::string &path, const UnixOptions &options) noexcept {
    if (!options.user && !options.group)
        return 0;
    // From here on it is this one file, whatever becomes of its name.
    const sys::UniqueFd file(sys::AdoptTag(), open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status = {};
    if (!file.IsDefined() || fstat(file.Get(), &status) != 0)
        return errno;
    if (!S_ISSOCK(status.st_mode) || status.st_nlink != 1 || status.st_uid != geteuid())
        return EEXIST;
    return fchownat(file.Get(), "", options.user.value_or(static_cast<uid_t>(-1)),
                    options.group.value_or(static_cast<gid_t>(-1)), AT_EMPTY_PATH) == 0
               ? 0
               : errno;
}

} // namespace net
