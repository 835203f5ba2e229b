#include "watch/Watcher.hxx"
#include "harness/Wait.hxx"
#include "sys/Proc.hxx"
#include "unit/Forked.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace watch;

namespace {

/** A process of the group of a worker that has ended. */
pid_t LeaveMember(pid_t &leader) {
    unit::Pipe said;
    leader = fork();
    if (leader == 0) {
        setpgid(0, 0);
        const pid_t member = fork();
        if (member == 0)
            for (;;)
                pause();
        _exit(write(said.writer.Get(), &member, sizeof(member)) == sizeof(member) ? 0 : 1);
    }
    pid_t member = 0;
    if (read(said.reader.Get(), &member, sizeof(member)) != sizeof(member))
        _exit(1);
    return member;
}

struct Numbers {
    pid_t watcher = 0, member = 0;
};

/** A launcher with a watcher and a worker that has ended. `cleared`: nothing is left of it. */
[[noreturn]] void BeLauncher(bool cleared, const unit::Pipe &said) {
    loop::MonotonicClock clock;
    loop::Loop loop{clock};
    report::Reporter reporter;
    pool::Reaper reaper;
    Watcher watcher(loop, reporter, reaper, {"mark", true, std::chrono::milliseconds(0)});
    pool::WorkerRef other;
    other.seat = 1;
    other.pid = getpid(); // it keeps the watcher
    watcher.Forked(other);

    Numbers numbers;
    pool::WorkerRef worker;
    numbers.member = LeaveMember(worker.pid);
    watcher.Forked(worker); // a zombie still has its start time
    waitpid(worker.pid, nullptr, 0);
    if (cleared)
        watcher.Cleared(worker);
    const bool found = harness::WaitFor([&] {
        loop.Turn(loop::Loop::Wait::NO);
        for (const pid_t child : sys::ChildrenOf(getpid()))
            if (reaper.RoleOf(child) == pool::ChildRole::COMPANION)
                numbers.watcher = child;
        return numbers.watcher != 0;
    });
    watcher.Cleared(other);
    if (!found || write(said.writer.Get(), &numbers, sizeof(numbers)) != sizeof(numbers))
        _exit(1);
    for (;;)
        pause();
}

/** Does the member of the group outlive the launcher and the watcher? */
bool Outlives(bool cleared) {
    unit::Pipe said;
    const pid_t launcher = fork();
    if (launcher == 0)
        BeLauncher(cleared, said);
    Numbers numbers;
    REQUIRE(read(said.reader.Get(), &numbers, sizeof(numbers)) == sizeof(numbers));
    kill(launcher, SIGKILL);
    waitpid(launcher, nullptr, 0);
    CHECK(waitpid(numbers.watcher, nullptr, 0) == numbers.watcher); // it has done its work
    const auto stat = sys::ReadProcessStat(numbers.member);
    const bool lives = stat && stat->state != 'Z';
    kill(numbers.member, SIGKILL);
    waitpid(numbers.member, nullptr, 0);
    return lives;
}

} // namespace

TEST_CASE(
    "a group whose number was a worker's is a stranger's when nothing is left of the worker") {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    CHECK_FALSE(Outlives(false));
    CHECK(Outlives(true));
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}
