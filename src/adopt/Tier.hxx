#pragma once

#include "adopt/Modes.hxx"

#include <string>

namespace adopt {

/** Whether workers are adopted here, and what that takes. */
struct Tier {
    bool on = false;
    bool no_new_privs =
        false; // the filter needs it: the launcher has no CAP_SYS_ADMIN (seccomp(2))
    std::string why; // one phrase: what it lacks
};

/** What this kernel, this process and `mode` allow. That a filter with a listener is there already shows only when
 *  the first worker is started. */
Tier FindTier(Mode mode);

/** "seccomp", "seccomp with no_new_privs, as …", "off: …" */
std::string Describe(const Tier &tier);

/** The file that will be executed is setuid, setgid or has file capabilities, which no_new_privs would take from it
 *  (execve(2)): says which of these, else empty. Looks `path` up in `directory` where it is relative. */
std::string WhyNoFilterFor(const std::string &path, const std::string &directory);

} // namespace adopt
