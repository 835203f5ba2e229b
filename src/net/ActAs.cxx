#include "net/ActAs.hxx"
#include "net/OpenFailure.hxx"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace net {

ActAs::ActAs(const ListenSpec &spec) {
    if (!spec.directory.empty() && !spec.at.address.Host().starts_with('/')) {
        own_directory = sys::UniqueFd(sys::AdoptTag(), open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
        // With the launcher's rights: a worker needs none for the directory that it is in.
        if (!own_directory.IsDefined() || chdir(spec.directory.c_str()) != 0)
            throw OpenFailure("cannot listen on", spec, errno,
                              "the working directory of the worker cannot be reached");
    }
    if (!spec.as)
        return;
    ids.emplace(*spec.as, sys::Keep::NONE);
    if (!ids->AreTaken()) {
        ids.reset();
        GoBack();
        throw OpenFailure("cannot listen on", spec, EACCES,
                          "the launcher cannot make files with the worker's rights");
    }
    own_umask = umask(spec.as->umask);
}

void ActAs::GoBack() const noexcept {
    if (own_directory.IsDefined())
        static_cast<void>(fchdir(own_directory.Get())); // it could be entered before
}

ActAs::~ActAs() noexcept {
    ids.reset();
    if (own_umask)
        umask(*own_umask);
    GoBack();
}

} // namespace net
