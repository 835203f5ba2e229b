#pragma once

#include <optional>
#include <sys/types.h>
#include <vector>

namespace sys {

/** With which rights a thread uses files, see credentials(7). */
struct ProcessIds {
    uid_t uid = 0; // file-system ids: the effective ones, unless setfsuid(2) made them others
    gid_t gid = 0;
    std::vector<gid_t> groups; // supplementary
    mode_t umask = 022;
    pid_t process = 0; // the thread group that the thread belongs to

    friend bool operator==(const ProcessIds &, const ProcessIds &) noexcept = default;
};

/** From /proc/TID/status, which may be read without rights; `tid` names a thread or a process.
 *  nullopt where it is gone or a zombie, or hidden (proc(5), hidepid). Numbers are those of the
 *  caller's user namespace. */
std::optional<ProcessIds> ReadProcessIds(pid_t tid);

} // namespace sys
