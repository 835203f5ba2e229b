#include "adopt/Tier.hxx"
#include "adopt/Calls.hxx"
#include "sys/Capability.hxx"
#include "sys/Proc.hxx"
#include "sys/SeccompNotify.hxx"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace adopt {

Tier FindTier(Mode mode) {
    Tier tier;
    if (mode == Mode::OFF) {
        tier.why = "not asked for";
        return tier;
    }
    if (KnownCallNumbers().empty()) {
        tier.why = "this architecture is not supported";
        return tier;
    }
    if (!sys::HasOwnProc()) {
        tier.why = "/proc of this PID namespace is not mounted";
        return tier;
    }
    tier.why = sys::WhyNoSeccompNotify();
    if (!tier.why.empty())
        return tier;
    tier.on = true;
    tier.no_new_privs =
        !sys::HasCapability(CAP_SYS_ADMIN) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
    return tier;
}

std::string Describe(const Tier &tier) {
    if (!tier.on)
        return "off: " + tier.why;
    return tier.no_new_privs ? "seccomp with no_new_privs, as the launcher has no CAP_SYS_ADMIN: "
                               "setuid programs gain nothing below it"
                             : "seccomp";
}

std::string WhyNoFilterFor(const std::string &path, const std::string &directory) {
    const bool relative = !directory.empty() && !path.starts_with('/');
    const std::string place = relative ? directory + "/" + path : path;
    struct stat status = {};
    if (stat(place.c_str(), &status) != 0)
        return "";
    if ((status.st_mode & S_ISUID) != 0)
        return "is setuid";
    if ((status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0)
        return "is setgid";
    if (getxattr(place.c_str(), "security.capability", nullptr, 0) > 0)
        return "has file capabilities";
    return "";
}

} // namespace adopt
