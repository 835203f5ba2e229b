#include "sys/CloseFrom.hxx"
#include "unit/Forked.hxx"
#include "unit/sys/Refusal.hxx"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/resource.h>

using namespace sys;

namespace {

/** close_range(2) is refused; a close(2) of a number above ends the process. */
bool ForbidClosesAbove(unsigned top) noexcept {
    sock_filter filter[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 2, SYS_close},
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, args)},
        {BPF_JMP | BPF_JGT | BPF_K, 1, 0, top},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS},
    };
    const sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    return unit::Refuse(SYS_close_range, SYS_close_range, EPERM) &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

} // namespace

TEST_CASE("all from a number on, and none below") {
    for (const bool refused : {false, true}) {
        CAPTURE(refused);
        CHECK(unit::InFork([refused] {
                  FORKED_CHECK(dup2(0, 100) == 100 && dup2(0, 101) == 101 && dup2(0, 900) == 900);
                  if (refused)
                      FORKED_CHECK(unit::Refuse(SYS_close_range, SYS_close_range, EPERM));
                  CloseFrom(101);
                  FORKED_CHECK(unit::IsOpen(0) && unit::IsOpen(100));
                  FORKED_CHECK(!unit::IsOpen(101) && !unit::IsOpen(900));
                  return 0;
              }) == 0);
    }
}

TEST_CASE(
    "a sandbox refuses close_range(2): the numbers up to a high limit are not tried one by one") {
    CHECK(unit::InFork([] {
              rlimit limit = {};
              FORKED_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
              limit.rlim_cur = limit.rlim_max;
              FORKED_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 1000);
              FORKED_CHECK(ForbidClosesAbove(900));
              CloseFrom(3);
              return 0;
          }) == 0);
}
