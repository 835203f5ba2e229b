#pragma once

#include "sys/UniqueFd.hxx"

#include <string>
#include <sys/types.h>

namespace sys {

/** A file with this process's number and a newline. It appears whole, by rename(2), with mode 0644.
 *  The object keeps a lock on it (flock(2)), which ends with the process: a file without a lock is
 *  stale, whatever number is in it. */
class PidFile {
public:
    /** Throws std::system_error: EBUSY if a living process holds the file, EINVAL if the path is not
     *  a file, or what the kernel refused. */
    explicit PidFile(std::string _path);

    PidFile(const PidFile &) = delete;
    PidFile &operator=(const PidFile &) = delete;

    /** Removes the file if it is still this one, and ends the lock. The destructor only ends the
     *  lock. */
    void Remove() noexcept;

private:
    const std::string path, content;
    UniqueFd file; // with the lock
};

} // namespace sys
