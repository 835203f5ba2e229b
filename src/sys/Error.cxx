#include "sys/Error.hxx"

#include <cerrno>
#include <cstring>

namespace sys {

std::system_error MakeErrno(int error, const std::string &what) {
    const bool no_descriptors = error == EMFILE || error == ENFILE;
    return {error, std::system_category(),
            no_descriptors ? what + " (the limit of descriptors is reached: ulimit -n)" : what};
}

std::system_error MakeErrno(const std::string &what) {
    return MakeErrno(errno, what);
}

std::string_view ErrnoName(int error) noexcept {
    const char *name = strerrorname_np(error);
    return name != nullptr ? name : "E?";
}

std::string ErrnoText(int error) {
    const char *text = strerrordesc_np(error);
    return text != nullptr ? text : "unknown error";
}

} // namespace sys
