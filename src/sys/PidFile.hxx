#pragma once

#include "sys/UniqueFd.hxx"

#include <string>
#include <sys/types.h>

namespace sys {

/** A file that holds this process's number and a newline as long as the object lives. It appears whole,
 *  by rename(2), mode 0644, and its owner keeps a lock on it (flock(2)), which ends with the process: a
 *  file that nobody holds is stale, whatever number is in it. */
class PidFile {
public:
    /** Throws std::system_error: EBUSY where a living process holds the file, EINVAL where the path is
     *  something else than a file, and what the kernel refused. */
    explicit PidFile(std::string _path);

    /** Removes the file if it is still this one. */
    ~PidFile();

    PidFile(const PidFile &) = delete;
    PidFile &operator=(const PidFile &) = delete;

private:
    const std::string path, content;
    UniqueFd file; // with the lock
};

} // namespace sys
