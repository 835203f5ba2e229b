#include "sys/ParentDeath.hxx"

#include <csignal>
#include <sys/prctl.h>
#include <unistd.h>

namespace sys {

void DieWithParent(pid_t parent) noexcept {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        kill(getpid(), SIGTERM);
}

} // namespace sys
