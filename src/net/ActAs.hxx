#pragma once

#include "net/ListenSpec.hxx"
#include "sys/FileSystemIds.hxx"
#include "sys/UniqueFd.hxx"

#include <optional>

namespace net {

/** As long as it lives, paths and new files are what they would be for the worker of the spec: its
 *  file-system ids and groups, its umask, and for a relative path its working directory. They are
 *  those of the whole process: keep it short. */
class ActAs {
public:
    /** Throws OpenError: the directory cannot be reached, or the ids cannot be taken. Does nothing where the spec
     *  names no worker. */
    explicit ActAs(const ListenSpec &spec);
    ~ActAs() noexcept;
    ActAs(const ActAs &) = delete;
    ActAs &operator=(const ActAs &) = delete;

private:
    void GoBack() const noexcept;

    sys::UniqueFd own_directory; // where it was left
    std::optional<mode_t> own_umask;
    std::optional<sys::FileSystemIds> ids;
};

} // namespace net
