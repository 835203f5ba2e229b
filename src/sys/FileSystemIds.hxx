#pragma once

#include "sys/Capability.hxx"
#include "sys/ProcessIds.hxx"

#include <optional>
#include <sys/types.h>
#include <vector>

namespace sys {

/** What the launcher keeps of its capabilities while it has another's ids. A change of the file-system uid from
 *  0 takes away those that concern files (capabilities(7)). */
enum class Keep : unsigned char {
    ALL, // effective := permitted; for reading what belongs to the other, which may hold capabilities itself
    NONE, // for making files: with the rights of the other, its supplementary groups included
};

/** As long as it lives, the caller uses files as another process does: its file-system uid and gid (setfsuid(2)),
 *  under Keep::NONE its supplementary groups. This is also what /proc and ptrace(2) ask for, so that root without
 *  CAP_SYS_PTRACE can read a process of another user. Nothing happens where the caller has these ids already or is
 *  not root.
 *
 *  Keep it short: the ids are those of the whole launcher. The kernel clears the dumpable flag and the
 *  parent-death signal at such a change (prctl(2)); the destructor puts them back, with ids, groups and capabilities. */
class FileSystemIds {
public:
    FileSystemIds(const ProcessIds &ids, Keep keep);
    ~FileSystemIds() noexcept;
    FileSystemIds(const FileSystemIds &) = delete;
    FileSystemIds &operator=(const FileSystemIds &) = delete;

    /** Does the caller act with these ids? false: it is not root, or may not change them (CAP_SETUID and
     *  CAP_SETGID are missing, or the ids are not mapped in its user namespace). */
    bool AreTaken() const noexcept { return taken; }

private:
    void Take(const ProcessIds &ids, Keep keep);

    bool taken = false, changed = false;
    uid_t uid;
    gid_t gid;
    std::optional<std::vector<gid_t>> groups; // where they were changed
    std::optional<Capabilities> capabilities;
    int dumpable = 0, death_signal = 0;
    pid_t parent = 0;
};

} // namespace sys
