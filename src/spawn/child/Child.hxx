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
    char **entry; // the entry of envp that ends here if the number is unknown (PIDFD_ID)
    static constexpr std::size_t DIGITS = 20;
};

/** One packet from the child to the launcher. The end of the channel without FAILED means that exec
 *  has succeeded, or that somebody has killed the child. */
struct ChildReport {
    enum class Kind : unsigned char {
        FILTER, // the filter's listener comes with it (SCM_RIGHTS)
        NO_FILTER, // the kernel refused the filter, the worker goes on without: `error`
        FAILED, // `stage` failed with `error`, the child ends
    } kind;
    ExecStage stage;
    int error;
};

/** Everything the child does, prepared by the launcher before the fork. Nothing in it is owned. The
 *  child has its own copy of the memory and writes only to `moves`, `shell_argv` and the places of
 *  `pid_texts`. */
struct ChildPlan {
    const char *const *paths; // tried in turn as execvp(3) does; ends with nullptr
    char *const *argv;
    // For a script without #!, as execvp(3): /bin/sh, a place for the path, the other arguments.
    const char **shell_argv;
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
    int channel; // SOCK_SEQPACKET to the launcher, for ChildReport; close-on-exec
    int death_signal; // sent to the worker when the launcher dies
    // Gets its default effect back if the launcher was started to ignore it; 0: none.
    int stop_signal;
    pid_t launcher;
    rlimit descriptor_limit;
};

/** The child's side after fork. Never returns: it ends with exec or exit. No allocation, no lock,
 *  only system calls. Its steps are those of ExecStage, in that order. */
[[noreturn]] void RunChild(ChildPlan &plan) noexcept;

} // namespace spawn
