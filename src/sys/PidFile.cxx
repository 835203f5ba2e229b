#include "sys/PidFile.hxx"
#include "sys/Error.hxx"
#include "sys/File.hxx"
#include "util/Text.hxx"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sys {

namespace {

constexpr mode_t MODE = 0644; // whatever the umask: others look into it

constexpr std::size_t MOST_BYTES = 64; // a number and a newline

/** Nothing but a file is replaced, and none that its process holds. */
void CheckOld(const std::string &path) {
    struct stat status = {};
    if (stat(path.c_str(), &status) != 0)
        return;
    if (!S_ISREG(status.st_mode))
        throw MakeErrno(EINVAL, "it is something else than a file");
    const UniqueFd old(AdoptTag(), open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!old.IsDefined() || flock(old.Get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return; // stale, or a file system without locks
    const std::string owner = ReadFile(path, MOST_BYTES).value_or("?");
    throw MakeErrno(EBUSY, "process " + std::string(util::Trim(owner)) + " holds it");
}

void WriteAll(Fd file, const std::string &content) {
    const ssize_t length = write(file.Get(), content.data(), content.size());
    if (length < 0)
        throw MakeErrno("cannot write it");
    if (static_cast<std::size_t>(length) != content.size())
        throw MakeErrno(ENOSPC, "cannot write it");
}

} // namespace

PidFile::PidFile(std::string _path)
    : path(std::move(_path)), content(std::to_string(getpid()) + "\n") {
    CheckOld(path);
    std::string temporary = path + ".XXXXXX"; // in the same directory, so that rename(2) can do it
    file = UniqueFd(AdoptTag(), mkostemp(temporary.data(), O_CLOEXEC));
    if (!file.IsDefined())
        throw MakeErrno("cannot create it");
    try {
        flock(file.Get(),
              LOCK_EX | LOCK_NB); // nobody else knows the file; without locks it is no worse
        if (fchmod(file.Get(), MODE) != 0)
            throw MakeErrno("cannot set its mode");
        WriteAll(file, content);
        if (rename(temporary.c_str(), path.c_str()) != 0)
            throw MakeErrno("cannot rename it");
    } catch (...) {
        unlink(temporary.c_str());
        throw;
    }
}

void PidFile::Remove() noexcept {
    struct stat ours = {}, there = {};
    const bool same = fstat(file.Get(), &ours) == 0 && lstat(path.c_str(), &there) == 0 &&
                      ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
    if (same && ReadFile(path, MOST_BYTES) == content)
        unlink(path.c_str());
    file.Close();
}

} // namespace sys
