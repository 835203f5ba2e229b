#include "sys/FileSystemIds.hxx"

#include <csignal>
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace sys {

namespace {

// -1 is no id: nothing is changed and the current one returned.
uid_t CurrentUid() noexcept {
    return static_cast<uid_t>(setfsuid(static_cast<uid_t>(-1)));
}

gid_t CurrentGid() noexcept {
    return static_cast<gid_t>(setfsgid(static_cast<gid_t>(-1)));
}

std::vector<gid_t> CurrentGroups() {
    std::vector<gid_t> groups;
    const int count = getgroups(0, nullptr);
    if (count > 0) {
        groups.resize(static_cast<std::size_t>(count));
        groups.resize(static_cast<std::size_t>(getgroups(count, groups.data())));
    }
    return groups;
}

} // namespace

FileSystemIds::FileSystemIds(const ProcessIds &ids, Keep keep)
    : uid(CurrentUid()), gid(CurrentGid()) {
    if (geteuid() == 0)
        Take(ids, keep);
    taken = CurrentUid() == ids.uid && CurrentGid() == ids.gid &&
            (keep == Keep::ALL || CurrentGroups() == ids.groups);
}

void FileSystemIds::Take(const ProcessIds &ids, Keep keep) {
    auto own_groups = CurrentGroups();
    const bool other_groups = keep == Keep::NONE && own_groups != ids.groups;
    changed = uid != ids.uid || gid != ids.gid || other_groups;
    if (!changed)
        return;
    capabilities = ReadCapabilities();
    dumpable = prctl(PR_GET_DUMPABLE);
    prctl(PR_GET_PDEATHSIG, &death_signal);
    parent = getppid();
    if (other_groups && setgroups(ids.groups.size(), ids.groups.data()) == 0)
        groups = std::move(own_groups);
    setfsgid(ids.gid);
    setfsuid(ids.uid); // last: it takes capabilities away
    // With any, such as CAP_SYS_PTRACE for /proc/PID/cwd, it could reach what the ids alone cannot.
    if (capabilities)
        SetCapabilities({keep == Keep::ALL ? capabilities->permitted : 0, capabilities->permitted,
                         capabilities->inheritable});
}

FileSystemIds::~FileSystemIds() noexcept {
    if (!changed)
        return;
    // None of these can be refused: the ids are the caller's own, and what it could do before it may do again. The
    // capabilities come first, since CAP_SETGID is among them.
    setfsuid(uid);
    if (capabilities)
        SetCapabilities(*capabilities);
    setfsgid(gid);
    if (groups)
        setgroups(groups->size(), groups->data());
    if (dumpable == 0 || dumpable == 1) // 2 comes from fs.suid_dumpable alone, also now
        prctl(PR_SET_DUMPABLE, dumpable);
    if (death_signal != 0) {
        prctl(PR_SET_PDEATHSIG, death_signal);
        if (getppid() != parent) // it died meanwhile, and the signal was not there
            kill(getpid(), death_signal);
    }
}

} // namespace sys
