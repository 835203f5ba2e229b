#include "sys/Process.hxx"
#include "harness/Skip.hxx"
#include "harness/Wait.hxx"
#include "sys/Proc.hxx"
#include "unit/Forked.hxx"
#include "unit/sys/DockerRights.hxx"
#include "unit/sys/Refusal.hxx"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

using namespace sys;

namespace {

void Nothing() {}

/** Waits for the end of a child and leaves it a zombie. */
void AwaitEnd(pid_t pid) {
    siginfo_t info = {};
    REQUIRE(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
}

/** As on a kernel without pidfds. */
bool ForgetPidfds() {
    return unit::Refuse(SYS_pidfd_open, SYS_pidfd_send_signal, ENOSYS);
}

constexpr int CANNOT = 77;

/** Runs it in a process of its own, which may say that it cannot. */
int Try(const std::function<int()> &function) {
    const int status = unit::InFork(function);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != CANNOT)
        return status;
    harness::ReportSkip("a namespace needs root");
    return 0;
}

/** Another process gets the number of one that is gone; false if that takes too long. */
bool TakeNumber(pid_t number) {
    for (int i = 0; i < 100'000; i++) {
        const pid_t pid = fork();
        if (pid == 0)
            for (;;)
                pause();
        if (pid == number)
            return true;
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
    return false;
}

} // namespace

TEST_CASE("a process by its number: pid, start time, signals, end") {
    unit::Forked child(Nothing);
    auto process = Process::Open(child.pid);
    REQUIRE(process);
    CHECK(process->Pid() == child.pid);
    CHECK(process->Pidfd().IsDefined());
    CHECK(fcntl(process->Pidfd().Get(), F_GETFD) == FD_CLOEXEC);
    CHECK(process->Start() == ReadProcessStat(child.pid)->start);
    CHECK(process->IsAlive());
    CHECK(process->Signal(0) == 0);
    CHECK(process->Signal(SIGKILL) == 0);
    AwaitEnd(child.pid);
    CHECK_FALSE(process->IsAlive());
    CHECK(process->Signal(SIGTERM) == 0); // to a zombie: nothing
    process->Reap();
    CHECK_FALSE(*process);
    CHECK(waitpid(child.pid, nullptr, WNOHANG) == -1);
    child.Forget();
}

TEST_CASE("nobody: every call says so") {
    Process nobody;
    CHECK_FALSE(nobody);
    CHECK_FALSE(nobody.IsAlive());
    CHECK(nobody.Signal(SIGTERM) == ESRCH);
    CHECK(nobody.SignalGroup(SIGTERM) == ESRCH);
    CHECK(nobody.Start() == 0);
    CHECK_FALSE(Process::Open(0));
    CHECK_FALSE(Process::Open(-1));
    CHECK_FALSE(Process::Open(INT32_MAX));
}

TEST_CASE("the start time names it: another process of that number is not opened") {
    const unit::Forked child(Nothing);
    const std::uint64_t start = ReadProcessStat(child.pid)->start;
    CHECK(Process::Open(child.pid, start));
    CHECK_FALSE(Process::Open(child.pid, start - 1));
    CHECK_FALSE(Process::Open(child.pid, start + 1));
}

TEST_CASE("equal: the same number, and the same start time if both know it") {
    const unit::Forked one(Nothing), other(Nothing);
    CHECK(*Process::Open(one.pid) == *Process::Open(one.pid));
    CHECK_FALSE(*Process::Open(one.pid) == *Process::Open(other.pid));
    CHECK(*Process::Open(one.pid) == Process(one.pid));
    CHECK_FALSE(*Process::Open(one.pid) == Process::Make({one.pid, 1, -1}));
}

TEST_CASE("described, made and described again: the same") {
    const unit::Forked child(Nothing);
    auto process = Process::Open(child.pid);
    REQUIRE(process);
    ProcessState state = process->Describe();
    state.pidfd = dup(state.pidfd); // each descriptor has one owner
    Process again = Process::Make(state);
    CHECK(again.Describe() == state);
    CHECK(again == *process);
    CHECK(again.Signal(0) == 0);
    CHECK((fcntl(state.pidfd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(again.IsAlive());
    CHECK(Process::Make(Process(child.pid).Describe()).Describe() ==
          ProcessState{child.pid, 0, -1});
}

TEST_CASE("a pid that another process has by now gets no signal") {
    CHECK(Try([] {
              if (unshare(CLONE_NEWPID) != 0)
                  return CANNOT; // so that the numbers come round soon
              const pid_t init = fork();
              if (init != 0) {
                  int status = 0;
                  waitpid(init, &status, 0);
                  return WEXITSTATUS(status);
              }
              const pid_t first = fork();
              if (first == 0)
                  _exit(0);
              const Process process = std::move(*Process::Open(first));
              waitpid(first, nullptr, 0);
              FILE *last = std::fopen("/proc/sys/kernel/ns_last_pid", "w");
              if (last == nullptr)
                  return CANNOT;
              std::fprintf(last, "%d", first - 1);
              if (std::fclose(last) != 0)
                  return CANNOT;
              FORKED_CHECK(TakeNumber(first));
              FORKED_CHECK(process.Signal(SIGKILL) == ESRCH);
              FORKED_CHECK(!process.IsAlive());
              FORKED_CHECK(waitpid(first, nullptr, WNOHANG) == 0);
              return 0;
          }) == 0);
}

TEST_CASE("without pidfds the start time is compared before each signal") {
    CHECK(unit::InFork([] {
              const pid_t pid = fork();
              if (pid == 0)
                  for (;;)
                      pause();
              FORKED_CHECK(ForgetPidfds());
              auto process = Process::Open(pid);
              FORKED_CHECK(process && !process->Pidfd().IsDefined() && process->Start() != 0);
              FORKED_CHECK(process->IsAlive() && process->Signal(0) == 0);
              const Process other = Process::Make({pid, process->Start() + 1, -1});
              FORKED_CHECK(other.Signal(SIGKILL) == ESRCH);
              FORKED_CHECK(process->IsAlive());
              FORKED_CHECK(process->Signal(SIGKILL) == 0);
              siginfo_t info = {};
              FORKED_CHECK(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
              FORKED_CHECK(!process->IsAlive());
              process->Reap();
              FORKED_CHECK(!Process::Open(pid));
              return 0;
          }) == 0);
}

TEST_CASE("a sandbox that lets pidfd_open(2) pass but no signal through it") {
    CHECK(unit::InFork([] {
              const pid_t pid = fork();
              if (pid == 0)
                  for (;;)
                      pause();
              FORKED_CHECK(unit::Refuse(SYS_pidfd_send_signal, SYS_pidfd_send_signal, EPERM));
              auto process = Process::Open(pid);
              FORKED_CHECK(process && process->Pidfd().IsDefined() && process->Start() != 0);
              FORKED_CHECK(process->Signal(SIGKILL) == 0);
              process->Reap();
              return 0;
          }) == 0);
}

TEST_CASE("without /proc: the start is unknown, and everything else works") {
    CHECK(Try([] {
              if (unshare(CLONE_NEWNS) != 0 || mount("", "/", "", MS_REC | MS_PRIVATE, "") != 0 ||
                  mount("none", "/proc", "tmpfs", 0, "") != 0)
                  return CANNOT;
              for (const bool pidfds : {true, false}) {
                  const pid_t pid = fork();
                  if (pid == 0)
                      for (;;)
                          pause();
                  if (!pidfds)
                      FORKED_CHECK(ForgetPidfds());
                  auto process = Process::Open(pid);
                  FORKED_CHECK(process && process->Start() == 0 && process->IsAlive());
                  FORKED_CHECK(process->Signal(SIGKILL) == 0);
                  siginfo_t info = {};
                  FORKED_CHECK(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) ==
                               0);
                  FORKED_CHECK(!process->IsAlive());
                  process->Reap();
              }
              return 0;
          }) == 0);
}

TEST_CASE("as any user; another user's process is there but gets no signal") {
    if (!unit::HasDockerRights())
        HARNESS_SKIP("changing the user needs root");
    const unit::Forked roots(Nothing);
    CHECK(unit::InFork([&roots] {
              unit::BecomeNobody();
              auto process = Process::Open(roots.pid);
              FORKED_CHECK(process && process->Start() != 0 && process->IsAlive());
              FORKED_CHECK(process->Signal(SIGTERM) == EPERM);
              return 0;
          }) == 0);
}

TEST_CASE("the process group of a child that leads it") {
    unit::Pipe report;
    unit::Forked leader([&report] {
        setpgid(0, 0);
        const pid_t member = fork();
        if (member == 0)
            for (;;)
                pause();
        (void)!write(report.writer.Get(), &member, sizeof member);
    });
    pid_t member = 0;
    REQUIRE(read(report.reader.Get(), &member, sizeof member) == sizeof member);
    const auto process = Process::Open(member);
    CHECK(Process(leader.pid).SignalGroup(SIGKILL) == 0);
    CHECK(harness::WaitFor([&] { return !process->IsAlive(); }));
}
