#include "sys/ParentDeath.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <sys/prctl.h>
#include <unistd.h>

using namespace sys;

TEST_CASE("the kernel is asked for TERM") {
    CHECK(unit::InFork([] {
              DieWithParent(getppid());
              int signo = 0;
              prctl(PR_GET_PDEATHSIG, &signo);
              return signo;
          }) == SIGTERM << 8);
}

TEST_CASE("a parent that has ended before the kernel was asked: TERM at once") {
    const int status = unit::InFork([] {
        signal(SIGTERM, SIG_DFL); // doctest has a handler
        DieWithParent(getppid() + 1);
        return 0;
    });
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM));
}
