#pragma once

#include "spawn/ChildDescriptors.hxx"
#include "spawn/Environment.hxx"

#include <linux/filter.h>
#include <optional>
#include <span>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace spawn {

/** Who a worker runs as. */
struct Ids {
    std::optional<uid_t> uid;
    std::optional<gid_t> gid;
    std::optional<std::vector<gid_t>> groups; // nullopt: the launcher's stay
};

/** One process to start, everything resolved. */
struct LaunchSpec {
    std::vector<std::string> paths; // CommandPaths()
    std::vector<std::string> argv;
    Environment env;
    ChildDescriptors fds;
    Ids ids;
    std::string directory; // empty: the launcher's
    std::vector<unsigned> cpus; // empty: the launcher's
    rlimit descriptor_limit = {};
    bool own_group = false;
    /** A seccomp filter whose listener comes back with Launched; empty: none. Borrowed: it is static. */
    std::span<const sock_filter> filter;
    bool no_new_privs = false; // with the filter: the kernel requires it without CAP_SYS_ADMIN
    int stop_signal = 0; // a shell's background job ignores INT and QUIT; the worker must not
};

} // namespace spawn
