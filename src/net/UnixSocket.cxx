#include "net/ActAs.hxx"
#include "net/GiveAway.hxx"
#include "net/NamesFile.hxx"
#include "net/OpenFailure.hxx"
#include "net/OpenSocket.hxx"
#include "net/SocketOwner.hxx"
#include "net/SocketState.hxx"
#include "net/UnixFile.hxx"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace net {

namespace {

std::string_view ExplainBind(int error) noexcept {
    switch (error) {
    case ENOENT:
        return "the directory does not exist";
    case ENOTDIR:
        return "a part of the path is no directory";
    case EACCES:
        return "this user may not write into the directory";
    case EADDRINUSE:
        return "another program, or another clusterize, has that name";
    default:
        return "";
    }
}

/** A socket that nobody listens on any more refuses connections, see connect(2). */
bool IsAlive(const ListenSpec &spec) {
    const sys::UniqueFd probe(sys::AdoptTag(),
                              socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe.IsDefined())
        throw OpenFailure("cannot make a socket for", spec, errno, ExplainDescriptors(errno));
    if (connect(probe.Get(), spec.at.address.Get(), spec.at.address.Length()) == 0)
        return true;
    return errno != ECONNREFUSED && errno != ENOENT;
}

void RemoveStale(const ListenSpec &spec, const std::string &path) {
    struct stat status = {};
    if (lstat(path.c_str(), &status) != 0)
        return; // bind says what is wrong, if anything is
    if (!S_ISSOCK(status.st_mode))
        throw OpenFailure("cannot listen on", spec, EEXIST,
                          "a file that is no socket has that path");
    if (IsAlive(spec))
        throw OpenFailure("cannot listen on", spec, EADDRINUSE,
                          "another program, or another clusterize, serves it");
    if (unlink(path.c_str()) != 0 && errno != ENOENT)
        throw OpenFailure("cannot remove the stale socket", spec, errno, "");
}

/** Binds with exactly the mode asked for: nobody connects in between (unix(7): bind applies the
 *  umask). */
int BindWithMode(int fd, const ListenSpec &spec) noexcept {
    if (!spec.unix_options.mode)
        return bind(fd, spec.at.address.Get(), spec.at.address.Length());
    const mode_t before = umask(~*spec.unix_options.mode & 0777);
    const int result = bind(fd, spec.at.address.Get(), spec.at.address.Length());
    const int error = errno;
    umask(before);
    errno = error;
    return result;
}

/** Binds a socket and holds its path. Empty: a worker has removed the path at once, as programs do
 *  before they bind it themselves. */
sys::UniqueFd TryBindUnix(const ListenSpec &spec, HeldPath &path) {
    const std::string name = spec.at.address.Host();
    const bool abstract = !NamesFile(spec.at.address);
    const bool adopted = spec.origin == ListenSpec::Origin::ADOPTED;
    const int flags = SOCK_CLOEXEC | (spec.nonblocking ? SOCK_NONBLOCK : 0);
    std::optional<SocketOwner> owner(std::in_place, spec);
    sys::UniqueFd fd(sys::AdoptTag(), socket(AF_UNIX, SOCK_STREAM | flags, 0));
    if (!fd.IsDefined())
        throw OpenFailure("cannot make a socket for", spec, errno, ExplainDescriptors(errno));
    SetOptions(sys::Fd(fd.Get()), spec.options);
    owner.reset();
    const ActAs as_worker(spec);
    if (!abstract && !adopted)
        RemoveStale(spec, name);
    if (BindWithMode(fd.Get(), spec) != 0)
        throw OpenFailure("cannot listen on", spec, errno, ExplainBind(errno));
    if (abstract)
        return fd;
    if (const int error = adopted ? 0 : GiveAway(name, spec.unix_options); error != 0) {
        unlink(name.c_str());
        throw OpenFailure("cannot change the owner of", spec, error,
                          error == EEXIST ? "another file has taken its path"
                                          : "only root can give files away");
    }
    if (const int error = path.Hold(name, spec.as, adopted || spec.second_name); error != 0) {
        if (error == ENOENT)
            return {};
        unlink(name.c_str());
        throw OpenFailure("cannot keep the path of", spec, error, ExplainDescriptors(error));
    }
    return fd;
}

} // namespace

sys::UniqueFd BindUnix(const ListenSpec &spec, HeldPath &path) {
    // Each may meet a worker that removes the file between bind(2) and link(2).
    constexpr unsigned ATTEMPTS = 64;
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++)
        if (sys::UniqueFd fd = TryBindUnix(spec, path); fd.IsDefined())
            return fd;
    throw OpenFailure("cannot keep the path of", spec, EADDRINUSE,
                      "something removes it again and again");
}

UnixFile::UnixFile(std::string path) {
    struct stat status = {};
    if (lstat(path.c_str(), &status) == 0)
        state = {std::move(path), status.st_dev, status.st_ino};
}

void UnixFile::Remove() noexcept {
    struct stat status = {};
    if (!state.path.empty() && lstat(state.path.c_str(), &status) == 0 &&
        status.st_dev == state.device && status.st_ino == state.inode)
        unlink(state.path.c_str());
    state = {};
}

} // namespace net
