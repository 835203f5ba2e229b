#pragma once

#include "spawn/child/ExecStage.hxx"

#include <csignal>
#include <cstddef>
#include <linux/filter.h>
#include <sys/resource.h>
#include <sys/types.h>

namespace spawn {

/** Makes descriptor `from` of the launcher descriptor `to` of the worker. */
struct FdMove {
    int from, to;
};

/** A number that only the child knows, written as decimal digits over a prepared place. */
struct PidText {
    enum class Kind : unsigned char { PID, PIDFD_ID } kind;
    char *digits; // room for DIGITS characters and a NUL
    char **entry; // the entry of envp that ends here, when the number cannot be had (PIDFD_ID)
    static constexpr std::size_t DIGITS = 20;
};

/** All that the child does, prepared by the parent; nothing in it is owned here. The child shares the
 *  parent's memory (CLONE_VM) while the parent waits (CLONE_VFORK), so it writes nothing but `moves`,
 *  the places of `pid_texts` and what is marked `out`. */
struct ChildPlan {
    const char *const *paths; // tried in turn as execvp(3) does; ends with nullptr
    char *const *argv;
    char **envp;
    FdMove *moves; // targets are distinct and below `moves_top`
    std::size_t move_count;
    int moves_top;
    PidText *pid_texts;
    std::size_t pid_text_count;
    const char *directory; // or nullptr
    const unsigned long *cpu_mask;
    std::size_t cpu_mask_bytes; // 0: leave it
    const gid_t *groups;
    std::size_t group_count;
    bool set_groups, set_gid, set_uid;
    gid_t gid;
    uid_t uid;
    bool own_group;
    const sock_fprog *filter; // a seccomp filter with a listener; or nullptr
    bool no_new_privs; // set before the filter, for a launcher without CAP_SYS_ADMIN
    int filter_socket; // where the listener is sent to the parent, one byte with SCM_RIGHTS
    int death_signal; // sent to the worker when the launcher dies
    int stop_signal; // gets its default effect back where the launcher was started to ignore it; 0: none
    pid_t launcher;
    rlimit descriptor_limit;

    int filter_errno; // out; not 0: the kernel refused the filter, the worker goes on without
    ExecStage failed_stage; // out
    int failed_errno; // out; 0: exec succeeded
};

/** The child's side, a function for clone(2); `opaque` is a ChildPlan. Returns only by exec or exit: no
 *  allocation, no lock, nothing but system calls. Its steps are those of ExecStage, in that order. */
int RunChild(void *opaque) noexcept;

} // namespace spawn
